#!/usr/bin/env bash
# Installs the tools that judge what we serve, and that no user needs: Prometheus and promtool, the Go
# parsers of Prometheus, Python's prometheus_client, and from the distribution Redis, VictoriaMetrics,
# exporters and a few clients. Needs Go, Python 3, and root where something of the distribution is missing.
#
# They are built once into a cache that all checkouts of this machine share, by version, and linked into
# .cache/judges. A second run takes a moment. What cannot be installed is named, and the script fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${SNAPSCRAPE_JUDGES:-${XDG_CACHE_HOME:-$HOME/.cache}/snapscrape-judges}
links=$PWD/.cache/judges
judge_go=$PWD/test/conformance/judge-go
push_java=$PWD/test/e2e/push-clients/java
requirements=$PWD/test/conformance/requirements.txt
mkdir -p "$cache" "$links/bin"

say() { printf 'install-judges: %s\n' "$*"; }

# Makes a folder of the cache by a command that is given an empty folder to fill, unless it is there. The
# folder appears only when it is complete.
once() { # folder command...
  local folder=$1
  shift
  [ -d "$folder" ] && return 0
  say "making $(basename "$folder")"
  local new
  new=$(mktemp -d "$cache/new.XXXXXX")
  if "$@" "$new" && [ ! -d "$folder" ]; then
    mv "$new" "$folder"
  else
    # It failed, or somebody else was faster.
    rm -rf "$new"
    [ -d "$folder" ]
  fi
}

link() { # target name
  [ -x "$1" ] && ln -sfn "$1" "$links/$2"
}

# A Go program of the Prometheus that the judge is built from, without service discovery, whose many
# clients no test needs.
prometheus_version() { (cd "$judge_go" && go list -m -f '{{.Version}}' github.com/prometheus/prometheus); }
build_go_command() { # name folder
  GOBIN=$2 go install -tags remove_all_sd "github.com/prometheus/prometheus/cmd/$1@$(prometheus_version)"
}

install_prometheus() {
  local folder
  folder=$cache/prometheus-$(prometheus_version) || return 1
  once "$folder" build_go_command prometheus && link "$folder/prometheus" bin/prometheus
}

install_promtool() {
  local folder
  folder=$cache/promtool-$(prometheus_version) || return 1
  if once "$folder" build_go_command promtool; then
    link "$folder/promtool" bin/promtool
  else
    say 'promtool does not build; taking that of the distribution'
    command -v promtool >/dev/null ||
      { apt-get update -qq && apt-get install -y --no-install-recommends prometheus; } || return 1
    link "$(command -v promtool)" bin/promtool
  fi
}

build_judge_go() { # folder
  (cd "$judge_go" && go build -trimpath -o "$1/judge-go" .)
}

install_judge_go() {
  local sources
  sources=$(cat "$judge_go"/*.go "$judge_go"/go.* | git hash-object --stdin | cut -c1-12)
  once "$cache/judge-go-$sources" build_judge_go &&
    link "$cache/judge-go-$sources/judge-go" bin/judge-go
}

install_judge_python() {
  local key folder
  key=$(python3 --version | cat - "$requirements" | git hash-object --stdin | cut -c1-12) || return 1
  folder=$cache/python-$key
  # A virtual environment knows its own path and cannot be moved, so a mark says that it is complete.
  if [ ! -e "$folder/complete" ]; then
    say "making $(basename "$folder")"
    rm -rf "$folder"
    python3 -m venv --without-pip "$folder" &&
      python3 -m pip --python "$folder/bin/python" install --quiet --disable-pip-version-check \
        --require-hashes --requirement "$requirements" &&
      touch "$folder/complete" || return 1
  fi
  link "$folder" venv
}

# The clients of Java that push; they run from source.
copy_push_java() { # folder
  mvn --batch-mode --quiet --file "$push_java/pom.xml" dependency:copy-dependencies \
    "-DoutputDirectory=$1" </dev/null
}

install_push_java() {
  local key
  install_from_distribution mvn maven && install_from_distribution javac default-jdk-headless &&
    key=$(git hash-object "$push_java/pom.xml" | cut -c1-12) &&
    once "$cache/push-java-$key" copy_push_java && link "$cache/push-java-$key" push-java
}

# What the distribution has: servers to store in and to scrape with, and clients.
install_from_distribution() { # command package
  command -v "$1" >/dev/null && return 0
  say "installing $2"
  { apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2" >/dev/null; }; } &&
    command -v "$1" >/dev/null
}

missing=()
# A missing tool must not keep the others away.
if command -v go >/dev/null; then
  for tool in judge_go prometheus promtool; do "install_$tool" || missing+=("$tool"); done
else
  missing+=('judge_go' 'prometheus' 'promtool (all need go)')
fi
if command -v python3 >/dev/null; then
  install_judge_python || missing+=('judge_python')
else
  missing+=('judge_python (needs python3)')
fi
install_push_java || missing+=('push_java')
while read -r tool package; do
  install_from_distribution "$tool" "$package" || missing+=("$tool")
done <<'END'
redis-server redis-server
redis-sentinel redis-sentinel
redis-cli redis-tools
victoria-metrics victoria-metrics
prometheus-node-exporter prometheus-node-exporter
prometheus-pushgateway prometheus-pushgateway
prometheus-redis-exporter prometheus-redis-exporter
htpasswd apache2-utils
curl curl
openssl openssl
chromium chromium
strace strace
END
if [ ${#missing[@]} -gt 0 ]; then
  say "not installed: ${missing[*]}" >&2
  exit 1
fi
say "ready in $links"
