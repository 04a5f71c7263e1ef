// Original file: ../../protos/mgrpo/v1/coordinator.proto

import type { RunState as _mgrpo_v1_RunState, RunState__Output as _mgrpo_v1_RunState__Output } from '../../mgrpo/v1/RunState.ts';
import type { LearnerState as _mgrpo_v1_LearnerState, LearnerState__Output as _mgrpo_v1_LearnerState__Output } from '../../mgrpo/v1/LearnerState.ts';
import type { ServiceStatus as _mgrpo_v1_ServiceStatus, ServiceStatus__Output as _mgrpo_v1_ServiceStatus__Output } from '../../mgrpo/v1/ServiceStatus.ts';
import type { QueueStatus as _mgrpo_v1_QueueStatus, QueueStatus__Output as _mgrpo_v1_QueueStatus__Output } from '../../mgrpo/v1/QueueStatus.ts';
import type { JobStatus as _mgrpo_v1_JobStatus, JobStatus__Output as _mgrpo_v1_JobStatus__Output } from '../../mgrpo/v1/JobStatus.ts';
import type { DeadlineStatus as _mgrpo_v1_DeadlineStatus, DeadlineStatus__Output as _mgrpo_v1_DeadlineStatus__Output } from '../../mgrpo/v1/DeadlineStatus.ts';

export interface RunStatus {
  'run'?: (_mgrpo_v1_RunState | null);
  'learner'?: (_mgrpo_v1_LearnerState | null);
  'learnerConnected'?: (boolean);
  'redisAnswers'?: (boolean);
  'outage'?: (string);
  'services'?: (_mgrpo_v1_ServiceStatus)[];
  'queues'?: (_mgrpo_v1_QueueStatus)[];
  'activeJobs'?: (_mgrpo_v1_JobStatus)[];
  'deadlines'?: (_mgrpo_v1_DeadlineStatus)[];
}

export interface RunStatus__Output {
  'run': (_mgrpo_v1_RunState__Output | null);
  'learner': (_mgrpo_v1_LearnerState__Output | null);
  'learnerConnected': (boolean);
  'redisAnswers': (boolean);
  'outage': (string);
  'services': (_mgrpo_v1_ServiceStatus__Output)[];
  'queues': (_mgrpo_v1_QueueStatus__Output)[];
  'activeJobs': (_mgrpo_v1_JobStatus__Output)[];
  'deadlines': (_mgrpo_v1_DeadlineStatus__Output)[];
}
