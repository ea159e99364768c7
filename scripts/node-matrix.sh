#!/usr/bin/env bash
# Runs the unit suite on every supported version of Node, and names those on which it fails. Expects
# `npm ci` and `npm run build` done. The versions are installed into .cache, outside node_modules. The
# version that is named in TESTED_NODE is left out: `npm test` runs all on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

versions=()
for version in ${NODE_VERSIONS:-20 22 24 26}; do
  [ "$version" = "${TESTED_NODE:-}" ] || versions+=("$version")
done

for version in "${versions[@]}"; do
  folder=.cache/node-$version
  mkdir -p "$folder"
  [ -e "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
  npm install --prefix "$folder" --no-save --no-package-lock --silent "node@$version"
done

logs=$(mktemp -d)
runs=()
# A script that is stopped stops its runs.
trap 'kill "${runs[@]}" 2>/dev/null || true; rm -rf "$logs"' EXIT

# All at once: many tests wait for sockets, files and processes, and while one version waits another
# one works. The newest runs `unit` and `alone`. The versions between it and the oldest, which
# `npm test` is of, differ from both in little, so they run what touches Node.
NODE_ROOMS=(src/http/ src/server/ src/web/ src/stores/ src/cli/ src/push/ src/sources/ src/scheduling/
  src/logging/ test/http/)
for version in "${versions[@]}"; do
  node=.cache/node-$version/node_modules/node/bin/node
  chosen=(--maxWorkers=1 --project unit "${NODE_ROOMS[@]}")
  [ "$version" != "${versions[-1]}" ] || chosen=(--maxWorkers=2 --project unit --project alone)
  NODE_MATRIX=true "$node" node_modules/vitest/vitest.mjs run "${chosen[@]}" >"$logs/$version" 2>&1 &
  runs+=("$!")
done

failed=()
for at in "${!versions[@]}"; do
  version=${versions[$at]}
  status=0
  wait "${runs[$at]}" || status=$?
  printf '\nThe unit suite on Node %s\n' "$version"
  cat "$logs/$version"
  [ "$status" -eq 0 ] || failed+=("$version")
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "The unit suite fails on Node ${failed[*]}."
  exit 1
fi
