"""SQLAlchemy 1.4: the ORM over psycopg2, and over asyncpg, with reflection, relationships, bulk work and savepoints."""
import asyncio, datetime, decimal, os
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, declarative_base, relationship, selectinload, joinedload
from report import astep, step

where = {"host": os.environ["PGHOST"], "port": os.environ["PGPORT"], "database": os.environ["PGDATABASE"], "user": os.environ["PGUSER"]}
Base = declarative_base()


class Author(Base):
    __tablename__ = "author"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(100), nullable=False, unique=True)
    born = sa.Column(sa.Date)
    facts = sa.Column(JSONB)
    books = relationship("Book", back_populates="author", cascade="all, delete-orphan", order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id = sa.Column(sa.Integer, sa.Sequence("book_ids", start=1000, increment=10), primary_key=True)
    author_id = sa.Column(sa.ForeignKey("author.id"), index=True)
    title = sa.Column(sa.Text, nullable=False)
    price = sa.Column(sa.Numeric(8, 2))
    kind = sa.Column(sa.Enum("novel", "essay", name="kind"))
    tags = sa.Column(ARRAY(sa.Text))
    printed = sa.Column(sa.DateTime(timezone=True), server_default=sa.text("timestamptz '2026-01-01 00:00+00'"))
    version = sa.Column(sa.Integer, nullable=False)
    author = relationship("Author", back_populates="books")
    __mapper_args__ = {"version_id_col": version}


engine = sa.create_engine("postgresql+psycopg2://", connect_args=where | {"application_name": "library"}, pool_size=3, pool_pre_ping=True, future=True)


@event.listens_for(engine, "connect")
def on_connect(connection, record):
    with connection.cursor() as cursor:
        cursor.execute("set timezone = 'Europe/Madrid'")
    connection.commit()


def session(work):
    with Session(engine, future=True) as s:
        got = work(s)
        s.commit()
        return got


def fill(s):
    for n in range(5):
        a = Author(name=f"author {n}", born=datetime.date(1900 + n, 1, 1), facts={"n": n, "list": [n]})
        a.books = [Book(title=f"book {n}.{m}", price=decimal.Decimal(m) + n, kind="novel" if m % 2 else "essay", tags=[f"t{m}"]) for m in range(4)]
        s.add(a)
    s.flush()
    return s.query(Author.id, Author.name).order_by(Author.id).all()


def update(s):
    a = s.execute(sa.select(Author).where(Author.name == "author 1")).scalar_one()
    a.facts = {"changed": True}
    a.books[0].title = "renamed"
    del a.books[-1]
    s.flush()
    return [(b.title, b.version) for b in a.books]


def savepoints(s):
    s.add(Author(name="kept"))
    try:
        with s.begin_nested():
            s.add(Author(name="author 0"))
            s.flush()
    except sa.exc.IntegrityError as e:
        print("  seen:", e.orig.pgcode)
    with s.begin_nested():
        s.add(Author(name="nested"))
    return s.execute(sa.select(Author.name).order_by(Author.id)).scalars().all()


def stale(s):
    book = s.execute(sa.select(Book).order_by(Book.id).limit(1)).scalar_one()
    with Session(engine) as other:
        other.execute(sa.update(Book).where(Book.id == book.id).values(version=99))
        other.commit()
    book.title = "too late"
    s.flush()


def loads(s):
    eager = s.execute(sa.select(Author).options(selectinload(Author.books)).order_by(Author.id)).scalars().all()
    joined = s.execute(sa.select(Book).options(joinedload(Book.author)).order_by(Book.id).limit(3)).scalars().all()
    return [(a.name, len(a.books)) for a in eager], [(b.title, b.author.name) for b in joined]


def streamed(s):
    rows = s.execute(sa.select(Book.id, Book.title).order_by(Book.id), execution_options={"stream_results": True, "yield_per": 5})
    return [len(part) for part in rows.partitions()]


def expressions(s):
    by_author = sa.select(Author.name, sa.func.count(Book.id), sa.func.sum(Book.price), sa.func.array_agg(Book.title)).join(Book).group_by(Author.name).order_by(Author.name)
    window = sa.select(Book.title, sa.func.rank().over(partition_by=Book.author_id, order_by=Book.price.desc())).order_by(Book.id).limit(4)
    json = sa.select(Author.name).where(Author.facts["n"].astext.cast(sa.Integer) > 2).order_by(Author.id)
    tree = sa.select(sa.literal(1).label("n")).cte("t", recursive=True)
    tree = tree.union_all(sa.select(tree.c.n + 1).where(tree.c.n < 5))
    return [[tuple(r) for r in s.execute(q)] for q in (by_author, window, json, sa.select(sa.func.sum(tree.c.n)))]


def upsert(s):
    q = insert(Author).values([{"name": "author 0", "facts": {}}, {"name": "fresh", "facts": None}])
    q = q.on_conflict_do_update(index_elements=["name"], set_={"facts": {"upserted": True}}).returning(Author.name)
    return s.execute(q).scalars().all()


def locked(s):
    one = s.execute(sa.select(Author).where(Author.name == "author 2").with_for_update()).scalar_one()
    with Session(engine) as other:
        try:
            other.execute(sa.select(Author).where(Author.name == "author 2").with_for_update(nowait=True)).all()
        except sa.exc.OperationalError as e:
            return one.name, e.orig.pgcode


def reflected():
    found = sa.MetaData()
    found.reflect(engine)
    i = sa.inspect(engine)
    tables = {t.name: [(c.name, str(c.type), c.nullable) for c in t.columns] for t in found.sorted_tables}
    return tables, i.get_indexes("book"), i.get_foreign_keys("book"), i.get_enums(), i.get_unique_constraints("author"), i.get_sequence_names()


def isolated():
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as c:
        first = c.execute(sa.text("show transaction_isolation")).scalar()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(sa.text("vacuum author"))
    with engine.connect() as c:
        return first, c.execute(sa.text("show transaction_isolation")).scalar()


zone = lambda: session(lambda s: s.execute(sa.text("select current_setting('timezone'), current_setting('application_name')")).one())
step("create", lambda: Base.metadata.create_all(engine))
step("create again", lambda: Base.metadata.create_all(engine))
step("fill", lambda: session(fill))
step("update", lambda: session(update))
step("bulk insert", lambda: session(lambda s: s.bulk_save_objects([Book(title=f"bulk {n}", price=n, author_id=1, version=1) for n in range(300)])))
step("bulk mappings", lambda: session(lambda s: s.bulk_update_mappings(Author, [{"id": n, "born": datetime.date(1950, 1, n)} for n in range(1, 6)])))
step("bulk update", lambda: session(lambda s: s.execute(sa.update(Book).where(Book.title.like("bulk 1%")).values(price=Book.price + 1), execution_options={"synchronize_session": False}).rowcount))
step("bulk delete", lambda: session(lambda s: s.execute(sa.delete(Book).where(Book.title.like("bulk 2%")).returning(Book.id), execution_options={"synchronize_session": False}).all()[:3]))
for each in savepoints, stale, loads, streamed, expressions, upsert, locked:
    step(each.__name__, lambda: session(each))
step("reflected", reflected)
step("isolated", isolated)
step("its setting is still there", lambda: [zone() for _ in range(4)])
engine.dispose()
step("and on new connections", zone)


async def asynchronous():
    e = create_async_engine("postgresql+asyncpg://", connect_args=where, pool_size=4)

    async def one(n):
        async with AsyncSession(e) as s:
            s.add(Author(name=f"async {n}", facts={"n": n}))
            await s.commit()
            found = (await s.execute(sa.select(Author).options(selectinload(Author.books)).where(Author.name == f"async {n}"))).scalar_one()
            found.books.append(Book(title=f"by async {n}", price=1, kind="essay", tags=[]))
            await s.commit()
            return (await s.execute(sa.select(Author.name, sa.func.count(Book.id)).join(Book).where(Author.name == f"async {n}").group_by(Author.name))).one()

    await astep("asyncpg", asyncio.gather(*(one(n) for n in range(12))))

    async def streaming():
        async with e.connect() as c:
            return sum([row[0] async for row in await c.stream(sa.text("select generate_series(1, 2000)"))])

    await astep("asyncpg streams", streaming())

    async def failing():
        async with AsyncSession(e) as s:
            s.add(Author(name="async 0"))
            await s.commit()

    await astep("asyncpg fails", failing())
    await astep("asyncpg goes on", one(99))
    await e.dispose()


asyncio.run(asynchronous())
step("drop", lambda: Base.metadata.drop_all(engine))
