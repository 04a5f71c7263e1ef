/** Who sampled a rollout: the policy that is trained, or its slowly moving average (Eq. 1). */
export type Role = 'policy' | 'momentum';

/** What the voter knows of one rollout of a group. */
export interface GroupMember {
  readonly role: Role;
  /** Index among the group's rollouts of this role, from 0. */
  readonly index: number;
  /** Canonical form of the extracted answer; null when the response has none. */
  readonly answer: string | null;
  /** Trajectory entropy in nats, by the model that sampled. */
  readonly entropy: number;
  /** Length of the response, the stop token included. */
  readonly numTokens: number;
}
