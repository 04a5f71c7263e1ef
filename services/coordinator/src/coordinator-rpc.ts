import type { RunState, WatchRunRequest__Output } from '@mgrpo/rpc';
import { streamHandler, unaryHandler } from '@mgrpo/rpc';
import type { Coordinator } from './coordinator.ts';

/** `CoordinatorService`. */
export function coordinatorRpc(coordinator: Coordinator) {
  return {
    getRun: unaryHandler(async () => coordinator.state),
    watchRun: streamHandler<WatchRunRequest__Output, RunState>(async (_request, sink) => {
      for await (const state of coordinator.states.read(sink.signal)) await sink.send(state);
    }),
    pauseRun: unaryHandler(async () => coordinator.pause(true)),
    resumeRun: unaryHandler(async () => coordinator.pause(false)),
    stopRun: unaryHandler(async () => coordinator.stop()),
  };
}
