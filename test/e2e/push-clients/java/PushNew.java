import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Summary;
import io.prometheus.metrics.exporter.pushgateway.Format;
import io.prometheus.metrics.exporter.pushgateway.PushGateway;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.URI;
import java.util.stream.Stream;

/** Pushes to the Pushgateways of the arguments with prometheus-metrics-exporter-pushgateway. */
class PushNew {
  public static void main(String[] urls) throws Exception {
    // Unlike other clients, it takes no URL.
    String[] addresses = Stream.of(urls).map(url -> URI.create(url).getAuthority()).toArray(String[]::new);
    PrometheusRegistry every = new PrometheusRegistry();
    PrometheusRegistry some = new PrometheusRegistry();
    Counter runs = Counter.builder().name("java_new_client_runs_total").help("Runs.").register(every);
    some.register(runs);
    runs.inc(3);
    Gauge size = Gauge.builder().name("java_new_client_size_bytes").help("Size \\ of\nparts.")
        .labelNames("part").register(every);
    size.labelValues("a\"b\\c\nü").set(1e21);
    size.labelValues("").set(-0.25);
    Histogram wait = Histogram.builder().name("java_new_client_wait_seconds").help("Waits.")
        .classicOnly().classicUpperBounds(0.1, 1).register(every);
    Summary took = Summary.builder().name("java_new_client_took_seconds").help("Took.")
        .quantile(0.5, 0.05).register(every);
    for (double seconds : new double[] {0.05, 0.5, 5}) {
      wait.observe(seconds);
      took.observe(seconds);
    }
    for (String address : addresses) group(address, every).build().push();
    runs.inc();
    for (String address : addresses) {
      group(address, some).format(Format.PROMETHEUS_TEXT).build().pushAdd();
      group(address, some).groupingKey("path", "/var/tmp").groupingKey("empty", "")
          .groupingKey("space", "a b").build().push();
      PushGateway gone = group(address, some).groupingKey("instance", "gone").build();
      gone.push();
      gone.delete();
    }
  }

  private static PushGateway.Builder group(String address, PrometheusRegistry registry) {
    return PushGateway.builder().address(address).job("java-new").registry(registry);
  }
}
