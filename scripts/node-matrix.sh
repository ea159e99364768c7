#!/usr/bin/env bash
# Runs the unit suite on every supported version of Node, and names those on which it fails. Expects
# `npm ci` and `npm run build` done. The versions are installed into .cache, outside node_modules. The version
# that is named in TESTED_NODE was tested before and is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

failed=()
for version in ${NODE_VERSIONS:-20 22 24 26}; do
  [ "$version" = "${TESTED_NODE:-}" ] && continue
  folder=.cache/node-$version
  mkdir -p "$folder"
  [ -e "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
  npm install --prefix "$folder" --no-save --no-package-lock --silent "node@$version"
  node=$folder/node_modules/node/bin/node
  printf '\nThe unit suite on Node %s\n' "$("$node" --version)"
  "$node" node_modules/vitest/vitest.mjs run --project unit --maxWorkers=2 || failed+=("$version")
done

if [ ${#failed[@]} -gt 0 ]; then
  echo "The unit suite fails on Node ${failed[*]}."
  exit 1
fi
