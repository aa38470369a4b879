"""What holds for databases of MongoDB alone."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

import pytest
from selflearn_agents.store import StoreError, open_store
from selflearn_agents.store.article import ArticleValues, read_article, write_article
from selflearn_agents.store.record import Counts, Entries, Value

from tests.agents.store.servers import SERVERS
from tests.agents.store.test_store import IDENTITY, begun, response, visit

pymongo = pytest.importorskip("pymongo")


@pytest.fixture(params=SERVERS)
def url(request, servers):
    return servers(request.param).url()


@pytest.fixture
def only_secantusdb(servers):
    """A URL at the server that can fail when it is told to."""
    return servers("secantusdb").url()


@contextmanager
def failing(url, commands, times=1, **how):
    """The server fails so often at these commands."""
    with pymongo.MongoClient(url) as client:
        switch = {"configureFailPoint": "failCommand"}
        client.admin.command({**switch, "mode": {"times": times}, "data": {"failCommands": commands, **how}})
        yield
        client.admin.command({**switch, "mode": "off"})


@pytest.mark.usefixtures("_short_lease")
def test_an_owner_that_is_gone_is_waited_for_and_cannot_write_any_more(open_, capsys):
    gone = begun(open_)
    gone.append(Entries([visit(1, 1)]))
    gone._lease._ended.set()  # no sign of life any more
    begin = time.monotonic()
    heir = open_()
    assert time.monotonic() - begin >= 0.4
    assert "wrote last; waiting 0.4 s for a sign of it" in capsys.readouterr().err
    for write in (
        lambda: gone.append(Entries([visit(2, 2)])),
        lambda: gone.keep(None, [Value(0, 0, 1.0, 1, 0, 0, 1.0)]),
    ):
        with pytest.raises(StoreError, match="another one now writes to the store"):
            write()
    with pytest.raises(StoreError, match="another one now writes"):
        gone.counts()  # what became of its last transaction is for the other to say
    assert (heir.counts().visits, heir.states()) == (1, [])
    heir.append(Entries([visit(2, 2)]))
    gone.close()
    heir.append(Entries([visit(3, 3)]))  # the lease is not the other's to give up


def test_an_idle_owner_gives_signs_of_life(url, open_):
    begun(open_)
    with pymongo.MongoClient(url) as client:
        about = client.get_default_database().about
        before = about.find_one({"_id": "owner"})["beat"]
        end = time.monotonic() + 10
        while about.find_one({"_id": "owner"})["beat"] < before + 2:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_values_are_documents_with_names_and_indexes(url, open_):
    begun(open_, values=[Value(1, 2, -0.5, 4, 1, 2, 9.0)])
    with pymongo.MongoClient(url) as client:
        collection = client.get_default_database().product_values
        (found,) = collection.find()
        assert found == {
            "_id": "1:2", "state": 1, "state_name": "B", "product": 2, "product_id": "P2", "product_name": "three",
            "value": -0.5, "shown": 4, "clicked": 1, "bought": 2, "changed": 9.0,
        }  # fmt: skip
        keys = sorted(list(index["key"]) for index in collection.list_indexes())
        assert keys == [["_id"], ["product_id"], ["state", "value"], ["state_name", "value"]]


def test_a_database_of_something_else_is_left_alone(url):
    with pymongo.MongoClient(url) as client:
        client.get_default_database().visits.insert_one({"_id": 1})
        with pytest.raises(StoreError, match="a database of something else, which has 'visits'; name another one"):
            open_store(url)
        assert client.get_default_database().list_collection_names() == ["visits"]


def test_a_store_of_another_format_is_left_alone(url, open_):
    begun(open_).close()
    with pymongo.MongoClient(url) as client:
        client.get_default_database().about.update_one({"_id": "format"}, {"$set": {"content": "9"}})
    with pytest.raises(StoreError, match="a store of format 9, this version of selflearn-env writes 1"):
        open_()


def test_power_safe_commits_wait_for_the_journals(open_):
    store = open_(power_safe=True)
    assert store._client.write_concern.document == {"w": "majority", "j": True}
    store.begin(IDENTITY, None)
    store.append(Entries([visit(1, 1)], [response(1, 2)]))
    assert store.counts().learned == 1


def test_a_server_without_transactions_is_refused(only_secantusdb):
    said = pytest.raises(StoreError, match="no transactions; start it as a replica set, which may have one member")
    with failing(only_secantusdb, ["update"], errorCode=20), said:
        open_store(only_secantusdb)


def test_a_transaction_that_met_another_is_tried_again(only_secantusdb):
    store = open_store(only_secantusdb)
    store.begin(IDENTITY, None)
    labels = ["TransientTransactionError"]
    with failing(only_secantusdb, ["insert"], errorCode=112, errorLabels=labels):
        store.append(Entries([visit(1, 1)]))
    said = pytest.raises(StoreError, match="another process writes to the same documents; try again")
    with failing(only_secantusdb, ["insert"], times=2, errorCode=112, errorLabels=labels), said:
        store.append(Entries([visit(2, 2)]))
    assert store.counts().visits == 1
    store.close()


def test_a_commit_without_an_answer_is_asked_for_again(only_secantusdb):
    store = open_store(only_secantusdb)
    store.begin(IDENTITY, None)
    with failing(only_secantusdb, ["commitTransaction"], times=2, closeConnection=True):
        store.append(Entries([visit(1, 1)], [response(1, 2)]))
    store.append(Entries([visit(2, 3)]))
    assert store.counts() == Counts(2, 3, 1)
    store.close()


def test_what_became_of_a_commit_is_known_before_anything_is_read(only_secantusdb):
    store = open_store(only_secantusdb)
    store.begin(IDENTITY, None)
    said = pytest.raises(StoreError, match="does not answer")
    with failing(only_secantusdb, ["commitTransaction"], times=4, closeConnection=True), said:
        store.append(Entries([visit(1, 1)]))
    assert store.counts() == Counts(0, 0, 0)  # the open transaction was ended, and not waited for
    store.append(Entries([visit(1, 1)]))
    store.close()


@pytest.mark.usefixtures("_short_lease")
def test_what_an_owner_has_left_open_is_ended(only_secantusdb):
    gone = open_store(only_secantusdb)
    gone.begin(IDENTITY, None)
    gone._lease._ended.set()
    gone._lease.session.start_transaction()
    gone._lease.renew(gone._lease.session)
    gone._base.visits.insert_one({"_id": 1}, session=gone._lease.session)  # and then it was killed
    heir = open_store(only_secantusdb)
    assert heir.counts().visits == 0
    heir.append(Entries([visit(1, 1)]))
    for store in (gone, heir):
        store.close()


def test_a_server_that_does_not_answer_is_named_without_the_password():
    with pytest.raises(StoreError, match="does not answer") as raised:
        open_store("mongodb://me:secret@127.0.0.1:9/values?serverSelectionTimeoutMS=50")
    assert "secret" not in str(raised.value)
    assert str(raised.value).startswith("mongodb://127.0.0.1:9/values")


def test_a_url_that_cannot_be_read_is_refused():
    with pytest.raises(ValueError, match=r"cannot be read: .*; write mongodb://host/database"):
        open_store("mongodb://:x/values")
    with pytest.raises(ValueError, match=r"'mongodb://127.0.0.1:9' names no database; write mongodb://host/database"):
        open_store("mongodb://me:secret@127.0.0.1:9")


def test_the_article_s_layout_in_a_database(url):
    numbers = {"A.1_$x": {"10.002": 1 / 3, "$5": -2.0, "%": 7}, "B": {}}
    values = ArticleValues({}, numbers, numbers, {"B": {"%2E": 3}})
    write_article(values, url)
    assert read_article(url) == values
    with pymongo.MongoClient(url) as client:
        (found,) = client.get_default_database().rlRecotrack.find({"B": {"$exists": True}})
    assert found == {"_id": found["_id"], "B": {"%252E": 3}}
    with pytest.raises(StoreError, match="has rlQuantdic already; name another database"):
        write_article(values, url)


def test_without_the_library_the_extra_is_named(monkeypatch):
    for name in ("mongo", "connecting"):
        monkeypatch.delitem(sys.modules, f"selflearn_agents.store.{name}")
    monkeypatch.setitem(sys.modules, "pymongo", None)
    for use in (open_store, read_article):
        with pytest.raises(ImportError, match="MongoDB needs pymongo: pip install"):
            use("mongodb://127.0.0.1/values")
