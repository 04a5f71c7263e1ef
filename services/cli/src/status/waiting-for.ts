import type { RunStatus__Output } from '@mgrpo/rpc';

/** The queues in the order in which an iteration's jobs go through them, and who takes them. */
const stages = [
  { queue: 'rollout-policy', service: 'policy-rollout' },
  { queue: 'rollout-momentum', service: 'momentum-rollout' },
  { queue: 'vote', service: 'voter' },
  { queue: 'learn', service: 'learner' },
  { queue: 'evaluate', service: 'coordinator' },
] as const;

/** What a run waits for now, in words: the first thing that stands in its way. Pure. */
export function waitingFor(status: RunStatus__Output): string[] {
  const { run, learner, learnerConnected, redisAnswers, outage } = status;
  const phase = run?.phase ?? 'unknown';
  if (phase === 'failed') return [`nothing: it has failed (${run?.error})`];
  if (['finished', 'halted', 'paused', 'stopping'].includes(phase)) return [`nothing: ${phase}`];
  if (!redisAnswers) return ['Redis, which does not answer'];
  if (!learnerConnected) return ['the learner, which is not reached'];
  if (outage !== '') return [`the end of an outage: ${outage}`];
  if (learner?.phase === 'stepping') return ['the learner, which trains'];
  if (learner?.phase === 'replaying') return ['the learner, which replays its journal'];
  const jobs = stages.flatMap((stage) => waitingInQueue(stage, status));
  return jobs.length > 0 ? jobs : ['the coordinator, which adds the next jobs'];
}

function waitingInQueue(
  { queue, service }: (typeof stages)[number],
  { queues, activeJobs, services }: RunStatus__Output,
): string[] {
  const {
    waiting = 0,
    active = 0,
    delayed = 0,
  } = queues.find((each) => each.queue === queue) ?? {};
  const found: string[] = [];
  if (active > 0) {
    const own = activeJobs.filter((job) => job.queue === queue);
    const holders = [...new Set(own.map((job) => job.process || 'unknown'))].join(', ');
    const longest = Math.max(0, ...own.map((job) => job.seconds)).toFixed(1);
    const what = `${active} ${queue} job${active === 1 ? '' : 's'} in hand for up to ${longest} s`;
    found.push(`${service} ${holders}: ${what}`);
  }
  if (waiting > 0 && active === 0) {
    const isThere = services.some((each) => each.service === service);
    const who = isThere ? `a ${service} that fetches` : `a ${service}, of which none is alive`;
    found.push(`${who}: ${waiting} ${queue} jobs wait`);
  }
  if (delayed > 0) found.push(`weights: ${delayed} ${queue} jobs are put off until they arrive`);
  return found;
}
