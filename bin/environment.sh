# Sourced by bin/mgrpo and bin/run with $root set: leaves $node, a Node 24 or newer, with every package installed.
node=$root/node_modules/.mgrpo-node
if ! { [ -x "$node" ] && cmp -s "$root/pnpm-lock.yaml" "$root/node_modules/.mgrpo-lock.yaml"; }; then
  if ! command -v node >/dev/null 2>&1; then
    echo 'mgrpo: Node.js 20 or newer with npm is needed, and no "node" is on the PATH; install it from your package manager or nodejs.org' >&2
    exit 1
  fi
  node "$root/bin/setup.mjs"
fi
# Compiled code is kept between starts: without it a start parses and strips some thousand files anew.
export NODE_COMPILE_CACHE="$root/node_modules/.mgrpo-compile-cache"
