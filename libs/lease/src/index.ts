export { type HeldLease, holdLease } from './hold-lease.ts';
export { KubernetesLeases } from './kubernetes-leases.ts';
