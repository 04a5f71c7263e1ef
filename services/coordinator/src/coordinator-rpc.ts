import type { RunState, RunStatus, WatchRunRequest__Output } from '@mgrpo/rpc';
import { streamHandler, unaryHandler } from '@mgrpo/rpc';
import type { Coordinator } from './coordinator.ts';

/** `CoordinatorService`. */
export function coordinatorRpc(coordinator: Coordinator, status: () => Promise<RunStatus>) {
  return {
    getRun: unaryHandler(async () => coordinator.state),
    getStatus: unaryHandler(status),
    watchRun: streamHandler<WatchRunRequest__Output, RunState>(async (_request, sink) => {
      for await (const state of coordinator.states.read(sink.signal)) await sink.send(state);
    }),
    pauseRun: unaryHandler(async () => coordinator.pause(true)),
    resumeRun: unaryHandler(async () => coordinator.pause(false)),
    stopRun: unaryHandler(async () => coordinator.stop()),
  };
}
