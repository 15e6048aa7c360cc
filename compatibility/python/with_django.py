"""Django 3.2: migrations of its own applications, the ORM's operations, server-side cursors, atomic blocks, sessions, cache."""
import datetime, decimal, os
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"], "CONN_MAX_AGE": 600,
                           "OPTIONS": {"application_name": "site"}}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.postgres", "shop"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    USE_TZ=True, TIME_ZONE="Europe/Athens", SECRET_KEY="of no use", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.auth.models import Group, Permission, User
from django.contrib.postgres.aggregates import ArrayAgg, StringAgg
from django.contrib.postgres.search import SearchVector
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Avg, Case, Count, Exists, F, Max, OuterRef, Prefetch, Q, Subquery, Sum, Value, When, Window
from django.db.models.functions import Coalesce, Rank, TruncMonth, Upper
from report import step
from shop.models import Product, Shop, Tag


def schema():
    with connection.schema_editor() as editor:
        for model in Shop, Tag, Product:
            editor.create_model(model)
    return sorted(connection.introspection.table_names())


def altered():
    field = models.IntegerField(default=7)
    field.set_attributes_from_name("stock")
    with connection.schema_editor() as editor:
        editor.add_field(Product, field)
        editor.remove_field(Product, field)


def filled():
    for n in range(4):
        shop = Shop.objects.create(name=f"shop {n}")
        shop.products.bulk_create([Product(shop=shop, name=f"product {n}.{m}", price=m + n, words=["w", str(m)], data={"m": m}) for m in range(60)], batch_size=25)
    tags = [Tag.objects.create(word=w) for w in ("new", "old")]
    for product in Product.objects.filter(price__lt=3):
        product.tags.add(*tags)
    return Product.objects.count(), Tag.objects.values_list("word", flat=True).order_by("id")[::1]


def atomic():
    with transaction.atomic():
        Shop.objects.create(name="outer")
        try:
            with transaction.atomic():
                Shop.objects.create(name="shop 0")
        except IntegrityError as e:
            print("  seen:", e.__cause__.pgcode)
        sid = transaction.savepoint()
        Shop.objects.create(name="undone")
        transaction.savepoint_rollback(sid)
        transaction.on_commit(lambda: print("  on_commit"))
    return list(Shop.objects.order_by("id").values_list("name", flat=True))


def rolled_back():
    try:
        with transaction.atomic():
            Shop.objects.create(name="never")
            raise LookupError
    except LookupError:
        return Shop.objects.filter(name="never").exists()


def aggregates():
    q = Shop.objects.annotate(n=Count("products"), total=Sum("products__price"), top=Max("products__price"), names=StringAgg("products__name", ",", ordering="products__id"))
    return [(s.name, s.n, s.total, s.top, len(s.names or "")) for s in q.order_by("id")], Product.objects.aggregate(Avg("price"), words=ArrayAgg("name", filter=Q(price__lt=1)))


def expressions():
    best = Product.objects.filter(shop=OuterRef("pk")).order_by("-price", "id")
    return (
        list(Shop.objects.annotate(best=Subquery(best.values("name")[:1])).filter(Exists(best)).order_by("id").values_list("name", "best")),
        list(Product.objects.annotate(rank=Window(Rank(), partition_by=F("shop"), order_by=F("price").desc())).order_by("id").values_list("name", "rank")[:3]),
        list(Product.objects.annotate(size=Case(When(price__gt=30, then=Value("big")), default=Value("small"))).values("size").annotate(n=Count("id")).order_by("size").values_list("size", "n")),
        list(Product.objects.filter(data__m__gte=58, words__contains=["59"]).annotate(month=TruncMonth("made"), up=Upper("name")).order_by("id").values_list("up", "month", "data__m")),
        list(Product.objects.annotate(search=SearchVector("name")).filter(search="product").order_by("-id").values_list("name", flat=True)[:2]),
        list(Shop.objects.filter(id=1).union(Shop.objects.filter(id=2)).order_by("id").values_list("name", flat=True)),
    )


def related():
    q = Product.objects.select_related("shop").prefetch_related(Prefetch("tags", Tag.objects.order_by("id"))).order_by("id")[:5]
    return [(p.name, p.shop.name, [t.word for t in p.tags.all()]) for p in q]


def raw():
    with connection.cursor() as cursor:
        cursor.execute("select count(*), current_setting('timezone') from shop_product where price > %s", [10])
        return cursor.fetchone(), [s.name for s in Shop.objects.raw("select * from shop_shop where id < %s order by id", [3])]


def twice():
    with transaction.atomic():
        one = Shop.objects.select_for_update().get(name="shop 1")
        one.name = "locked and renamed"
        one.save(update_fields=["name"])
    got = Shop.objects.get_or_create(name="fresh")[1], Shop.objects.get_or_create(name="fresh")[1]
    return got, Shop.objects.update_or_create(name="fresh", defaults={"name": "fresher"})[1], Shop.objects.bulk_update([one], ["name"])


def accounts():
    call_command("migrate", verbosity=0)
    ann = User.objects.create_user("ann", "ann@x", "secret")
    group = Group.objects.create(name="staff")
    group.permissions.set(Permission.objects.filter(codename__startswith="view"))
    ann.groups.add(group)
    return ann.check_password("secret"), sorted(ann.get_all_permissions()), User.objects.filter(groups__name="staff").count()


def session():
    s = SessionStore()
    s["cart"] = [1, 2]
    s.create()
    return SessionStore(s.session_key)["cart"]


def cached():
    call_command("createcachetable")
    cache.set("k", {"v": 1}, 100)
    return cache.get("k"), cache.get_or_set("l", "made", 100), cache.incr("n") if cache.add("n", 1) else None, cache.get_many(["k", "l"])


step("schema", schema)
step("altered", altered)
step("filled", filled)
step("atomic", atomic)
step("rolled back", rolled_back)
step("aggregates", aggregates)
step("expressions", expressions)
step("related", related)
step("server-side cursor", lambda: sum(p.price for p in Product.objects.order_by("id").iterator(chunk_size=20)))


def two_at_once():
    first, second = Product.objects.order_by("id").iterator(chunk_size=10), Product.objects.order_by("-id").iterator(chunk_size=10)
    return [(a.id, b.id) for a, b in zip(first, second)][-1]


step("two of them", two_at_once)
step("within atomic", transaction.atomic(two_at_once))
step("raw", raw)
step("twice", twice)
step("F", lambda: Product.objects.filter(name__startswith="product 1").update(price=F("price") * 2))
step("violates", lambda: Product.objects.filter(id=1).update(price=-1))
step("still well", lambda: Product.objects.filter(id=1).values_list("price", flat=True)[0])
step("deleted", lambda: Shop.objects.filter(name="shop 3").delete())
step("in bulk", lambda: sorted(Shop.objects.in_bulk()))
step("dates", lambda: list(Product.objects.dates("made", "month")))
step("explain", lambda: "Scan" in Product.objects.filter(id=1).explain())
step("accounts", accounts)
step("session", session)
step("cached", cached)
connection.close()
step("a new connection", raw)
step("inspectdb", lambda: call_command("inspectdb", "shop_product"))
step("flush", lambda: call_command("flush", interactive=False, verbosity=0))
step("sequences", lambda: (call_command("sqlsequencereset", "auth", no_color=True), None)[1])
