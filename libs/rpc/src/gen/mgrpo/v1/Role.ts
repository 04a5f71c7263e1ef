// Original file: ../../protos/mgrpo/v1/rollout.proto

export const Role = {
  ROLE_UNSPECIFIED: 'ROLE_UNSPECIFIED',
  ROLE_POLICY: 'ROLE_POLICY',
  ROLE_MOMENTUM: 'ROLE_MOMENTUM',
} as const;

export type Role =
  | 'ROLE_UNSPECIFIED'
  | 0
  | 'ROLE_POLICY'
  | 1
  | 'ROLE_MOMENTUM'
  | 2

export type Role__Output = typeof Role[keyof typeof Role]
