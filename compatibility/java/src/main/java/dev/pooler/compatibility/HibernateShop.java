package dev.pooler.compatibility;

import static dev.pooler.compatibility.Report.step;

import jakarta.persistence.Basic;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Lob;
import jakarta.persistence.LockModeType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.SequenceGenerator;
import jakarta.persistence.Version;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.hibernate.ScrollMode;
import org.hibernate.ScrollableResults;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;

/** A small Hibernate application: schema, sequences and identities, batches, versions, locks, queries, scrolling, a LOB. */
public final class HibernateShop {
  private final SessionFactory factory;

  private HibernateShop(SessionFactory factory) {
    this.factory = factory;
  }

  /** Who orders. */
  @Entity(name = "Customer")
  static class Customer {
    @Id
    @GeneratedValue(strategy = GenerationType.SEQUENCE, generator = "customers")
    @SequenceGenerator(name = "customers", sequenceName = "customer_ids", allocationSize = 10)
    Long id;

    @Column(unique = true, nullable = false)
    String name;

    @Version int version;
    @Lob byte[] picture;
    @ElementCollection List<String> phones = new ArrayList<>();

    @OneToMany(mappedBy = "customer", cascade = CascadeType.ALL, orphanRemoval = true)
    List<Purchase> purchases = new ArrayList<>();

    Customer() {}

    Customer(String name) {
      this.name = name;
    }

    String name() {
      return name;
    }
  }

  /** Whether it is paid. */
  enum State {
    OPEN,
    PAID
  }

  /** What was ordered. */
  @Entity(name = "Purchase")
  static class Purchase {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Long id;

    @ManyToOne(fetch = FetchType.LAZY)
    Customer customer;

    @Basic BigDecimal amount;
    Instant made;

    @Enumerated(EnumType.STRING)
    State state = State.OPEN;

    Purchase() {}

    Purchase(Customer customer, int amount) {
      this.customer = customer;
      this.amount = BigDecimal.valueOf(amount);
      this.made = Instant.parse("2026-01-02T03:04:05Z");
    }
  }

  /**
   * Runs all of it.
   *
   * @param arguments none
   */
  public static void main(String... arguments) {
    Logger.getLogger("").setLevel(Level.OFF);
    try (SessionFactory factory = configuration().buildSessionFactory()) {
      new HibernateShop(factory).all();
    }
    try (SessionFactory again = configuration().buildSessionFactory()) {
      step("updated schema", () -> again.fromTransaction(s -> s.createSelectionQuery("select count(*) from Customer", Long.class).getSingleResult()));
    }
  }

  private static Configuration configuration() {
    Configuration configuration = new Configuration().addAnnotatedClass(Customer.class).addAnnotatedClass(Purchase.class);
    configuration.setProperty("hibernate.connection.url", Database.of("prepareThreshold=3").url());
    configuration.setProperty("hibernate.connection.pool_size", "4");
    configuration.setProperty("hibernate.hbm2ddl.auto", "update");
    configuration.setProperty("hibernate.jdbc.batch_size", "20");
    configuration.setProperty("hibernate.order_inserts", "true");
    configuration.setProperty("hibernate.jdbc.time_zone", "UTC");
    return configuration;
  }

  private void all() {
    step("fill", () -> factory.fromTransaction(this::fill));
    step("by id", () -> factory.fromSession(s -> s.find(Customer.class, 1L).name));
    step("dirty", () -> factory.fromTransaction(s -> {
      Customer c = s.find(Customer.class, 2L);
      c.name = "renamed";
      c.phones.add("555");
      c.purchases.removeFirst();
      return c.purchases.size();
    }));
    step("versions", () -> factory.fromSession(s -> s.createSelectionQuery("select version from Customer order by id", Integer.class).setMaxResults(4).list()));
    step("optimistic lock", this::stale);
    step("pessimistic lock", () -> factory.fromTransaction(s -> s.find(Customer.class, 3L, LockModeType.PESSIMISTIC_WRITE, Map.of("jakarta.persistence.lock.timeout", 2000)).name));
    step("no wait", this::noWait);
    step("unique", () -> factory.fromTransaction(s -> {
      s.persist(new Customer("customer 5"));
      s.flush();
      return "persisted";
    }));
    step("rolled back", this::rolledBack);
    step("HQL", () -> factory.fromSession(s -> s.createSelectionQuery("select c.name, count(p), sum(p.amount) from Customer c join c.purchases p where p.amount > :least group by c.name order by c.name", Object[].class).setParameter("least", BigDecimal.ONE).setMaxResults(5).list()));
    step("many times", () -> factory.fromSession(s -> {
      long sum = 0;
      for (long n = 1; n <= 12; n++) {
        sum += s.createSelectionQuery("select count(*) from Purchase where customer.id = :id", Long.class).setParameter("id", n).getSingleResult();
      }
      return sum;
    }));
    step("native", () -> factory.fromSession(s -> s.createNativeQuery("select name, current_setting('timezone') from customer where id < :id order by id", Object[].class).setParameter("id", 4).list()));
    step("criteria", this::criteria);
    step("fetch join", () -> factory.fromSession(s -> s.createSelectionQuery("select distinct c from Customer c join fetch c.purchases order by c.id", Customer.class).list().stream().mapToInt(c -> c.purchases.size()).sum()));
    step("lazy", () -> factory.fromSession(s -> s.createSelectionQuery("from Purchase order by id", Purchase.class).setMaxResults(3).list().stream().map(p -> p.customer.name()).toList()));
    step("scroll", this::scroll);
    step("update", () -> factory.fromTransaction(s -> s.createMutationQuery("update Purchase set state = PAID where amount > 3").executeUpdate()));
    step("insert from select", () -> factory.fromTransaction(s -> s.createMutationQuery("insert into Customer (name, version) select concat('copy of ', name), 0 from Customer where id < 5").executeUpdate()));
    step("lob", () -> factory.fromTransaction(s -> {
      s.find(Customer.class, 4L).picture = new byte[70_000];
      return "set";
    }));
    step("lob read", () -> factory.fromTransaction(s -> s.find(Customer.class, 4L).picture.length));
    step("many at once", this::together);
    step("delete", () -> factory.fromTransaction(s -> {
      s.remove(s.find(Customer.class, 6L));
      return s.createSelectionQuery("select count(*) from Purchase", Long.class).getSingleResult();
    }));
    step("stateless", () -> {
      try (var s = factory.openStatelessSession()) {
        var t = s.beginTransaction();
        s.insert(new Customer("stateless"));
        t.commit();
        return s.createSelectionQuery("select name from Customer where name = 'stateless'", String.class).getSingleResult();
      }
    });
  }

  private Object fill(Session s) {
    for (int n = 0; n < 25; n++) {
      Customer c = new Customer("customer " + n);
      c.phones.add("0" + n);
      for (int m = 0; m < 4; m++) {
        c.purchases.add(new Purchase(c, n % 5 + m));
      }
      s.persist(c);
    }
    s.flush();
    return s.createSelectionQuery("select count(*), max(id) from Customer", Object[].class).getSingleResult();
  }

  private Object stale() {
    try (Session s = factory.openSession()) {
      var t = s.beginTransaction();
      Customer c = s.find(Customer.class, 1L);
      factory.inTransaction(other -> other.find(Customer.class, 1L).name = "first");
      c.name = "too late";
      t.commit();
      return "committed";
    }
  }

  private Object noWait() {
    return factory.fromTransaction(s -> {
      s.find(Customer.class, 3L, LockModeType.PESSIMISTIC_WRITE);
      return factory.fromTransaction(other -> other.find(Customer.class, 3L, LockModeType.PESSIMISTIC_WRITE, Map.of("jakarta.persistence.lock.timeout", 0)).name);
    });
  }

  private Object rolledBack() {
    try (Session s = factory.openSession()) {
      var t = s.beginTransaction();
      s.persist(new Customer("never"));
      s.flush();
      t.rollback();
      return s.createSelectionQuery("select count(*) from Customer where name = 'never'", Long.class).getSingleResult();
    }
  }

  private Object criteria() {
    return factory.fromSession(s -> {
      var b = s.getCriteriaBuilder();
      var q = b.createQuery(String.class);
      var root = q.from(Customer.class);
      q.select(root.get("name")).where(b.like(root.get("name"), "customer 1%")).orderBy(b.asc(root.get("id")));
      return s.createSelectionQuery(q).list();
    });
  }

  private Object scroll() {
    return factory.fromTransaction(s -> {
      int seen = 0;
      try (ScrollableResults<Purchase> r = s.createSelectionQuery("from Purchase order by id", Purchase.class).setFetchSize(10).scroll(ScrollMode.FORWARD_ONLY)) {
        while (r.next()) {
          seen++;
        }
      }
      return seen;
    });
  }

  private Object together() throws Exception {
    List<Callable<Long>> work = new ArrayList<>();
    for (int n = 0; n < 40; n++) {
      long id = 10 + n % 5;
      work.add(() -> factory.fromTransaction(s -> {
        s.persist(new Purchase(s.getReference(Customer.class, id), 1));
        return s.createSelectionQuery("select count(*) from Customer where id = :id", Long.class).setParameter("id", id).getSingleResult();
      }));
    }
    long sum = 0;
    try (var threads = Executors.newFixedThreadPool(4)) {
      for (var each : threads.invokeAll(work)) {
        sum += each.get();
      }
    }
    return sum;
  }
}
