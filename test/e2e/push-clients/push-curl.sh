# Pushes to the Pushgateways of the arguments with curl, as a cron job does.
set -euo pipefail
page='# HELP curl_client_runs_total Runs.
# TYPE curl_client_runs_total counter
curl_client_runs_total 3
# TYPE curl_client_wait_seconds histogram
curl_client_wait_seconds_bucket{le="0.1"} 1
curl_client_wait_seconds_bucket{le="+Inf"} 2
curl_client_wait_seconds_sum 5.05
curl_client_wait_seconds_count 2
curl_client_size_bytes{part="a\"b\\c\nü"} 1e21
curl_client_size_bytes{part=""} -0.25'
more='# TYPE curl_client_runs_total counter
curl_client_runs_total 4'
push() { curl --fail-with-body -sS "$@"; }
for url in "$@"; do
  group=$url/metrics/job/curl
  push -X PUT --data-binary @- "$group" <<<"$page"
  push --data-binary @- "$group" <<<"$more"
  gzip -c <<<"$more" | push -H 'Content-Encoding: gzip' --data-binary @- \
    "$url/metrics/job@base64/Y3VybA/path@base64/L3Zhci90bXA/empty@base64/="
  push -T - "$group/instance/gone" <<<"$more"
  push -X DELETE "$group/instance/gone"
done
