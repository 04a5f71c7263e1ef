import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import {
  PodMonitor,
  PrometheusRule,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { PriorityClass } from 'kubernetes-models/scheduling.k8s.io/v1';
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Service,
  ServiceAccount,
} from 'kubernetes-models/v1';
import type { Manifest } from './manifests.ts';

const models = new Map<string, { validate(): void }>(
  [
    ...[ConfigMap, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Service, ServiceAccount],
    ...[Deployment, StatefulSet, Job, NetworkPolicy, PodDisruptionBudget, HorizontalPodAutoscaler],
    ...[ScaledObject, PodMonitor, PrometheusRule, PriorityClass, Role, RoleBinding],
  ].map((model) => [`${model.apiVersion} ${model.kind}`, model.prototype] as const),
);

/**
 * What the API server would refuse in an object, by the published schemas: wrong types and missing fields, and
 * fields that the schema does not have, which the validators alone let pass.
 */
export function faultsOf(object: Manifest): string[] {
  const name = `${object.kind} ${object.metadata.name}`;
  const model = models.get(`${object.apiVersion} ${object.kind}`);
  if (model === undefined) return [`${name}: no schema for ${object.apiVersion} ${object.kind}`];
  const unread = new Set<string>();
  try {
    model.validate.call(recording(object, name, unread) as { validate(): void });
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
  return [...unread].map((field) => `${field}: no such field`);
}

/** Tells which fields a validator looks at: it reads each that its schema has, and no other. */
function recording(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const children = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value)) {
    children.set(key, recording(child, `${path}.${key}`, unread));
    unread.add(`${path}.${key}`);
  }
  return new Proxy(value, {
    get: (target, key) => {
      if (typeof key !== 'string' || !children.has(key)) return Reflect.get(target, key);
      unread.delete(`${path}.${key}`);
      return children.get(key);
    },
  });
}
