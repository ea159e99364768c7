import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import io.prometheus.client.Summary;
import io.prometheus.client.exporter.PushGateway;
import java.net.URL;
import java.util.Map;
import java.util.TreeMap;

/** Pushes to the Pushgateways of the arguments with simpleclient_pushgateway. */
class PushOld {
  public static void main(String[] urls) throws Exception {
    CollectorRegistry every = new CollectorRegistry();
    CollectorRegistry some = new CollectorRegistry();
    Counter runs = Counter.build("java_old_client_runs_total", "Runs.").register(every);
    some.register(runs);
    runs.inc(3);
    Gauge size = Gauge.build("java_old_client_size_bytes", "Size \\ of\nparts.")
        .labelNames("part").register(every);
    size.labels("a\"b\\c\nü").set(1e21);
    size.labels("").set(-0.25);
    Histogram wait = Histogram.build("java_old_client_wait_seconds", "Waits.")
        .buckets(0.1, 1).register(every);
    Summary took = Summary.build("java_old_client_took_seconds", "Took.")
        .quantile(0.5, 0.05).register(every);
    for (double seconds : new double[] {0.05, 0.5, 5}) {
      wait.observe(seconds);
      took.observe(seconds);
    }
    Map<String, String> hard = new TreeMap<>(Map.of("path", "/var/tmp", "empty", "", "space", "a b"));
    Map<String, String> gone = Map.of("instance", "gone");
    for (String url : urls) new PushGateway(new URL(url)).push(every, "java-old");
    runs.inc();
    for (String url : urls) {
      PushGateway gateway = new PushGateway(new URL(url));
      gateway.pushAdd(some, "java-old");
      gateway.push(some, "java-old", hard);
      gateway.push(some, "java-old", gone);
      gateway.delete("java-old", gone);
    }
  }
}
