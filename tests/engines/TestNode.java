import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** One real Elasticsearch node from key=value settings, alive for as long as its standard input is open. */
public class TestNode {

    public static void main(String[] args) throws Exception {
        Settings.Builder settings = Settings.builder();
        for (String arg : args) {
            String[] pair = arg.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        Settings built = settings.build();
        Environment env = new Environment(built, Path.of(built.get("path.home"), "config"));

        // Logging comes before anything that touches x-content: reading YAML earlier fails with a null LoggerFactory.
        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName(built.get("node.name"));
        LogConfigurator.configure(env, true);

        PluginsLoader loader = PluginsLoader.createPluginsLoader(
            bundles("loadModulesBundles", env.modulesDir()), bundles("loadPluginsBundles", env.pluginsDir()), Map.of());
        Node node = new Node(env, loader) {};
        node.start();
        while (System.in.read() >= 0) { }
        node.close();
    }

    /** By reflection, because 8.x takes (Path) and 9.5 takes (Path, boolean). */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Set bundles(String name, Path folder) throws Exception {
        for (Method method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals(name)) {
                return (Set) (method.getParameterCount() == 1 ? method.invoke(null, folder) : method.invoke(null, folder, false));
            }
        }
        throw new NoSuchMethodException(name);
    }
}
