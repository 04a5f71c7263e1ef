#!/bin/sh
# `mgrpo` inside the image: becomes Node, so that signals reach it. A service makes little garbage beside its big
# arrays: a young generation of 4 MiB instead of 16 saves 50 MB resident.
exec node --max-semi-space-size=4 /app/services/cli/src/main.ts "$@"
