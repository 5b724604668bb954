import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Java's HttpClient: one client, so one connection. */
public class Calls {
    record Call(String method, String path, byte[] body, List<String[]> headers) {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> job = new HashMap<>();
        List<Call> calls = new ArrayList<>();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split("\t", -1);
            switch (words[0]) {
                case "call" -> calls.add(new Call(words[1], words[2], body(words[3]), new ArrayList<>()));
                case "header" -> calls.get(calls.size() - 1).headers().add(new String[] {words[1], words[2]});
                default -> job.put(words[0], words[1]);
            }
        }
        HttpClient client = client(job);
        List<String> replies = new ArrayList<>();
        for (Call call : calls) {
            replies.add(json(client.send(request(job, call), BodyHandlers.ofByteArray())));
        }
        System.out.println("[" + String.join(",", replies) + "]");
    }

    private static byte[] body(String word) {
        return word.equals("-") ? null : Base64.getDecoder().decode(word);
    }

    private static HttpClient client(Map<String, String> job) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER);
        if (!job.get("ca").isEmpty()) {
            builder.sslContext(trusting(job.get("ca")));
        }
        if (!job.get("proxy").isEmpty()) {
            URI proxy = URI.create("http://" + job.get("proxy"));
            builder.proxy(ProxySelector.of(new InetSocketAddress(proxy.getHost(), proxy.getPort())));
        }
        return builder.build();
    }

    private static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (FileInputStream pem = new FileInputStream(file)) {
            store.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static HttpRequest request(Map<String, String> job, Call call) {
        String base = job.get("base");
        String dial = job.get("dial");
        HttpRequest.Builder builder = HttpRequest.newBuilder().timeout(Duration.ofSeconds(20));
        if (!dial.isEmpty()) {
            // The hosts file gives the address, but no port.
            base += dial.substring(dial.lastIndexOf(':'));
        }
        call.headers().forEach(field -> builder.header(field[0], field[1]));
        return builder.uri(URI.create(base + call.path()))
                .method(call.method(), call.body() == null
                        ? BodyPublishers.noBody()
                        : BodyPublishers.ofByteArray(call.body()))
                .build();
    }

    private static String json(HttpResponse<byte[]> response) {
        List<String> fields = new ArrayList<>();
        response.headers().map().forEach((name, values) -> values.forEach(
                value -> fields.add("[" + quoted(name) + "," + quoted(value) + "]")));
        return "{\"status\":" + response.statusCode()
                + ",\"headers\":[" + String.join(",", fields) + "]"
                + ",\"body\":" + quoted(Base64.getEncoder().encodeToString(response.body())) + "}";
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
