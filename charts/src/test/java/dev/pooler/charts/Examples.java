package dev.pooler.charts;

/** Values that the tests render. */
final class Examples {
  private Examples() {}

  /** As the chart comes. */
  static final String DEFAULT = "{}";

  /** Each key that reaches pooler's own file. */
  static final String SIDECAR =
      """
      uid: 1000700000
      gid: 1000700000
      listen:
        - {protocol: postgres, mode: "0600", allow-uids: {1000700001: app}}
      http: {host: "[::]", port: 9188}
      limits: {clients: 250, memory: 1MiB, session-memory: 2MiB, drain: 5s}
      databases:
        - name: app
          protocol: postgres
          hosts: ["pg-0:5432", "unix:/var/run/postgresql/.s.PGSQL.5432"]
          database: app_production
          user: app
          existingSecret: {name: app-database, key: password}
          tls: {mode: verify-full, existingSecret: {name: app-database, key: ca.crt}}
          pool: {mode: session, size: 32, min-idle: 2, max-wait: 500ms, max-lifetime: 30m, idle-timeout: 5m, keepalive: 0}
          timeouts: {connect: 5s, statement: 0, idle-in-transaction: 1m, client-idle: 1h}
        - name: "*"
          protocol: postgres
          hosts: ["pg-0:5432"]
          user: any
          existingSecret: {name: any-database, key: secret}
          tls: {mode: require}
        - {name: open, protocol: postgres, hosts: ["pg-0:5432"], user: open}
      """;

  static final String DAEMONSET =
      """
      mode: daemonset
      tolerations: [{operator: Exists, effect: NoSchedule}]
      nodeSelector: {kubernetes.io/os: linux}
      workloads:
        - name: shop
          uid: 1000700000
          user: shop
          databases:
            - {name: shop, protocol: postgres, hosts: ["postgres:5432"], existingSecret: {name: shop-database, key: password}}
        - name: billing
          uid: 10200
          gid: 10300
          user: billing
          directoryMode: "2710"
          databases:
            - {name: billing, protocol: postgres, hosts: ["postgres:5432"], existingSecret: {name: billing-database, key: password}}
            - {name: ledger, protocol: postgres, hosts: ["postgres:5432"], pool: {size: 2}}
      """;

  static final String MYSQL =
      """
      listen: [{protocol: mysql}]
      databases:
        - {name: orders, protocol: mysql, hosts: ["mysql:3306"], user: orders, existingSecret: {name: orders-database, key: password}}
      """;

  static final String MYSQL_ON_EACH_NODE =
      """
      mode: daemonset
      workloads:
        - name: orders
          uid: 10200
          user: orders
          protocols: [postgres, mysql]
          databases:
            - {name: orders, protocol: mysql, hosts: ["mysql:3306"]}
      """;
}
