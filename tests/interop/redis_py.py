"""What the documentation of redis-py shows, against the server whose port is the first argument.

Prints a line of JSON for each test: {"name", "skip" or "error" or neither}. Run by
redis_py.test.mjs; by hand: /usr/bin/python3 tests/interop/redis_py.py PORT [SOCKET [NAME ...]].
"""
import asyncio
import json
import sys
import threading
import time
import traceback

import redis
import redis.asyncio

PORT = int(sys.argv[1])
SOCKET = sys.argv[2] if len(sys.argv) > 2 else ''
TESTS = []


class Skip(Exception):
    """Raised with the reason by a test that cannot run."""


def test(function):
    TESTS.append(function)
    return function


def client(**options):
    return redis.Redis(host='localhost', port=PORT, db=0, **options)


def needs(*names):
    """Skips unless the server knows the commands; a subcommand is written as client|tracking."""
    infos = client().execute_command('COMMAND INFO', *names)
    missing = [name for name, info in zip(names, infos) if info is None]
    if missing:
        list_ = ', '.join(name.upper().replace('|', ' ') for name in missing)
        raise Skip(f'the server does not know {list_} yet')


def raises(kind, function, *args, **named):
    try:
        function(*args, **named)
    except kind as error:
        return str(error)
    raise AssertionError(f'{kind.__name__} was not raised')


def until(condition):
    deadline = time.time() + 20
    while time.time() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise AssertionError('the condition has not come about')


@test
def getting_started():
    r = client()
    assert r.set('foo', 'bar') is True
    assert r.get('foo') == b'bar'
    decoded = client(decode_responses=True)
    assert decoded.get('foo') == 'bar'
    latin = client(decode_responses=True, encoding='latin-1')
    latin.set('foo', 'caf\u00e9')
    assert r.get('foo') == b'caf\xe9' and latin.get('foo') == 'caf\u00e9'


@test
def mappings():
    r = client()
    assert r.mset({'a': 1, 'b': b'two'}) is True
    assert r.msetnx({'b': 1, 'c': 2}) is False
    assert r.zadd('z', {'x': 1, 'y': 2.5}) == 2
    assert r.zadd('z', {'x': 3, 'y': 3}, xx=True, ch=True) == 2
    assert r.zadd('z', {'x': 1}, incr=True) == 4.0
    assert r.zadd('z', {'n': 1}, nx=True) == 1
    assert r.zincrby('z', 2, 'n') == 3.0
    assert r.zrange('z', 0, -1, withscores=True)[-1] == (b'x', 4.0)
    assert r.hset('h', mapping={'f': 1, 'g': 2}) == 2
    assert r.hgetall('h') == {b'f': b'1', b'g': b'2'}
    for wrong in (True, None, [1], {'a': 1}):
        raises(redis.DataError, r.set, 'k', wrong)


@test
def set_and_get():
    r = client(decode_responses=True)
    assert r.ping()
    assert r.set('full_name', 'john doe')
    assert r.exists('full_name') == 1
    assert r.get('full_name') == 'john doe'
    assert r.setex('important_key', 100, 'important_value')
    assert r.ttl('important_key') == 100 and r.ttl('full_name') == -1 and r.ttl('none') == -2
    r.mset({'employee_name': 'Adam Adams', 'employee_age': 30})
    found = r.mget('employee_name', 'employee_age', 'non_existing')
    assert found == ['Adam Adams', '30', None]
    assert r.lrem('list', 0, 'x') == 0
    assert r.set('k', 'v', ex=10, nx=True) is True and r.set('k', 'v', nx=True) is None


@test
def connections():
    pool = redis.ConnectionPool(host='localhost', port=PORT, db=2)
    r = redis.Redis(connection_pool=pool)
    assert r.set('k', 'in 2') and client().get('k') is None
    if SOCKET:
        assert redis.Redis(unix_socket_path=SOCKET).ping()
    url = f'redis://localhost:{PORT}?decode_responses=True&health_check_interval=2'
    assert redis.from_url(url).ping() is True
    checked = client(health_check_interval=1)
    assert checked.ping()
    time.sleep(1.1)
    assert checked.ping()
    raises(redis.ConnectionError, redis.Redis(port=1).ping)
    raises(redis.TimeoutError, client(socket_timeout=0.05).blpop, 'none', 0)
    named = client(client_name='worker', single_connection_client=True)
    assert named.client_getname() == 'worker'
    assert named.client_info()['name'] == 'worker'
    named.client_kill_filter(_id=named.client_id(), skipme=False)
    raises(redis.ConnectionError, named.ping)
    assert named.ping()


@test
def response_callbacks():
    r = client()
    r.set('k', 'v')
    r.set_response_callback('GET', lambda response: ('called', response))
    assert r.get('k') == ('called', b'v')


@test
def threads():
    r = client()
    workers = [threading.Thread(target=lambda: [r.incr('n') for _ in range(200)]) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert r.get('n') == b'1600'


@test
def pipelines():
    r = client()
    r.set('bing', 'baz')
    pipe = r.pipeline()
    pipe.set('foo', 'bar')
    pipe.get('bing')
    assert pipe.execute() == [True, b'baz']
    assert pipe.set('foo', 'bar').sadd('faz', 'baz').incr('auto').execute() == [True, 1, 1]
    loose = r.pipeline(transaction=False)
    for _ in range(10000):
        loose.incr('n')
    assert loose.get('n').execute()[-1] == b'10000'
    text = raises(redis.ResponseError, r.pipeline().set('t', 'x').lpush('t', 1).set('u', 'y').execute)
    assert 'Command # 2 (LPUSH t 1)' in text and 'wrong kind of value' in text, text
    assert r.get('u') == b'y'
    replies = r.pipeline().lpush('t', 1).get('u').execute(raise_on_error=False)
    assert isinstance(replies[0], redis.ResponseError) and replies[1] == b'y'
    text = raises(redis.ResponseError, r.pipeline().set('v', 1).execute_command('SET').execute)
    assert 'wrong number of arguments' in text and r.get('v') is None


@test
def watched_transactions():
    r = client()
    r.set('SEQUENCE', 5)
    tries = 0
    with r.pipeline() as pipe:
        while True:
            try:
                pipe.watch('SEQUENCE')
                value = int(pipe.get('SEQUENCE')) + 1
                if tries == 0:
                    client().set('SEQUENCE', 50)
                tries += 1
                pipe.multi()
                pipe.set('SEQUENCE', value)
                pipe.execute()
                break
            except redis.WatchError:
                continue
    assert (tries, r.get('SEQUENCE')) == (2, b'51')

    def increment(pipe):
        value = int(pipe.get('SEQUENCE')) + 1
        pipe.multi()
        pipe.set('SEQUENCE', value)

    assert r.transaction(increment, 'SEQUENCE') == [True]
    assert r.get('SEQUENCE') == b'52'


@test
def publish_and_subscribe():
    r = client()
    p = r.pubsub()
    p.subscribe('my-first-channel', 'my-second-channel')
    p.psubscribe('my-*')
    wait = lambda: p.get_message(timeout=10)
    made = [wait() for _ in range(3)]
    assert [m['type'] for m in made] == ['subscribe', 'subscribe', 'psubscribe'], made
    assert [m['data'] for m in made] == [1, 2, 3]
    assert r.publish('my-first-channel', 'some data') == 2
    first = {'pattern': None, 'type': 'message', 'channel': b'my-first-channel', 'data': b'some data'}
    assert wait() == first
    assert wait() == {**first, 'pattern': b'my-*', 'type': 'pmessage'}
    assert sorted(r.pubsub_channels()) == [b'my-first-channel', b'my-second-channel']
    assert r.pubsub_numsub('my-first-channel', 'baz') == [(b'my-first-channel', 1), (b'baz', 0)]
    assert r.pubsub_numpat() == 1
    p.unsubscribe()
    p.punsubscribe('my-*')
    gone = [wait() for _ in range(3)]
    assert [m['data'] for m in gone] == [2, 1, 0], gone
    p.close()


@test
def message_handlers():
    r = client()
    got = []
    p = r.pubsub(ignore_subscribe_messages=True)
    p.subscribe(**{'my-channel': lambda message: got.append(message['data'])})
    assert p.get_message(timeout=10) is None
    assert r.publish('my-channel', 'awesome data') == 1
    assert p.get_message(timeout=10) is None and got == [b'awesome data']
    thread = p.run_in_thread(sleep_time=0.001)
    r.publish('my-channel', 'in a thread')
    until(lambda: len(got) == 2)
    thread.stop()
    thread.join()
    p = r.pubsub()
    p.subscribe('ch')
    until(lambda: r.publish('ch', 'end') == 1)
    for message in p.listen():
        if message['type'] == 'message':
            assert message['data'] == b'end'
            break
    # What is subscribed to survives the loss of the connection.
    r.client_kill_filter(_type='pubsub')
    raises(redis.ConnectionError, p.get_message, timeout=10)
    p.get_message()
    until(lambda: r.publish('ch', 'again') == 1)
    until(lambda: (p.get_message() or {}).get('data') == b'again')
    p.close()


@test
def monitor():
    needs('monitor')
    r = client()
    with r.monitor() as m:
        r.set('key', 'a "b"')
        for command in m.listen():
            if command['command'].startswith('SET'):
                break
    assert command['command'] == 'SET key a "b"' and command['db'] == 0, command
    assert command['client_type'] == 'tcp' and command['time'] > 0


@test
def scripts():
    needs('eval', 'evalsha', 'script|load')
    r = client()
    multiply = r.register_script(
        "local v = tonumber(redis.call('GET', KEYS[1])) return v * ARGV[1]"
    )
    r.set('foo', 2)
    assert multiply(keys=['foo'], args=[5]) == 10
    pipe = r.pipeline()
    pipe.set('foo', 5)
    multiply(keys=['foo'], args=[5], client=pipe)
    assert pipe.execute() == [True, 25]


@test
def locks():
    needs('eval', 'evalsha', 'script|load')
    r = client()
    with r.lock('my-lock-key', blocking_timeout=1) as lock:
        assert lock.owned()
        raises(redis.exceptions.LockError, r.lock('my-lock-key', blocking_timeout=0.01).__enter__)
    assert r.get('my-lock-key') is None


@test
def scan_iterators():
    r = client()
    for key, value in (('A', '1'), ('B', '2'), ('C', '3')):
        r.set(key, value)
    assert sorted((key, r.get(key)) for key in r.scan_iter()) == [
        (b'A', b'1'),
        (b'B', b'2'),
        (b'C', b'3'),
    ]
    r.sadd('s', *range(1000))
    r.hset('h', mapping={i: i for i in range(1000)})
    r.zadd('z', {i: i for i in range(1000)})
    assert len(set(r.sscan_iter('s', count=100))) == 1000
    assert len(dict(r.hscan_iter('h', match='1*'))) == 111
    assert dict(r.zscan_iter('z'))[b'999'] == 999.0
    assert set(r.scan_iter(_type='hash')) == {b'h'}


@test
def blocking():
    r = client()
    got = []
    waits = threading.Thread(target=lambda: got.append(client().blpop(['q', 'p'], timeout=5)))
    waits.start()
    until(lambda: any(c['cmd'] == 'blpop' for c in r.client_list()))
    r.rpush('p', 'job')
    waits.join()
    assert got == [(b'p', b'job')]
    assert r.blpop('q', timeout=0.01) is None
    r.rpush('a', 1, 2)
    assert r.blmove('a', 'b', 1, 'LEFT', 'RIGHT') == b'1'
    assert r.brpoplpush('a', 'b', 1) == b'2'
    r.zadd('z', {'x': 1})
    assert r.bzpopmin('z', 1) == (b'z', b'x', 1.0)


@test
def streams():
    r = client()
    identity = r.xadd('s', {'a': 1, 'b': 2})
    assert r.xlen('s') == 1 and r.xrange('s') == [(identity, {b'a': b'1', b'b': b'2'})]
    r.xgroup_create('s', 'g', id='0')
    assert r.xreadgroup('g', 'ann', {'s': '>'}, count=1)[0][1][0][0] == identity
    assert r.xpending('s', 'g')['pending'] == 1
    assert r.xpending_range('s', 'g', '-', '+', 1)[0]['consumer'] == b'ann'
    assert r.xautoclaim('s', 'g', 'bob', 0)[1][0][0] == identity
    assert r.xack('s', 'g', identity) == 1
    assert r.xinfo_stream('s')['length'] == 1
    assert r.xinfo_groups('s')[0]['name'] == b'g'
    assert {c['name'] for c in r.xinfo_consumers('s', 'g')} == {b'ann', b'bob'}


@test
def geo_bits_hyperloglog_sort():
    r = client()
    r.geoadd('Sicily', (13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'))
    assert r.geodist('Sicily', 'Palermo', 'Catania', unit='km') == 166.2742
    found = r.geosearch('Sicily', longitude=15, latitude=37, radius=100, unit='km', withdist=True)
    assert found == [[b'Catania', 56.4413]], found
    assert r.bitfield('bits').set('u8', 0, 255).incrby('u8', 0, 1).execute() == [0, 0]
    assert r.setbit('bits', 7, 1) == 0 and r.bitcount('bits') == 1
    assert r.pfadd('hll', *range(100)) == 1 and 95 < r.pfcount('hll') < 105
    r.rpush('list', 3, 1, 2)
    assert r.sort('list', desc=True) == [b'3', b'2', b'1']


@test
def the_server():
    r = client()
    info = r.info()
    assert info['redis_mode'] == 'standalone' and info['connected_clients'] >= 1
    assert r.config_get('maxmemory')['maxmemory'] == '0'
    assert r.config_set('maxmemory-samples', 7) and r.config_get('maxmemory-samples')
    assert r.command_count() > 200 and 'get' in r.command()
    assert r.command_getkeys('MSET', 'a', 1, 'b', 2) == ['a', 'b']
    assert r.dbsize() == 0 and r.time()[0] > 0
    assert r.object('encoding', 'none') is None
    r.set('k', 'v')
    assert r.memory_usage('k') > 0 and r.dump('k') and r.type('k') == b'string'
    assert r.restore('k2', 0, r.dump('k')) and r.copy('k', 'k3') and r.rename('k', 'k4')
    assert r.unlink('k2', 'k3', 'k4') == 3
    assert isinstance(raises(redis.ResponseError, r.execute_command, 'NOSUCH'), str)


@test
def slow_log_and_latency():
    needs('slowlog|get', 'slowlog|reset')
    r = client()
    r.slowlog_reset()
    r.config_set('slowlog-log-slower-than', 0)
    r.set('k', 'v')
    r.config_set('slowlog-log-slower-than', 10000)
    entries = r.slowlog_get()
    assert any(entry['command'] == b'SET k v' for entry in entries), entries
    assert r.slowlog_len() >= 1


@test
def users():
    needs('acl|setuser', 'acl|whoami', 'acl|getuser')
    r = client()
    assert r.acl_setuser('dvora', enabled=True, passwords=['+redis'], keys=['d:*'], commands=['+get'])
    user = client(username='dvora', password='redis')
    assert user.get('d:1') is None
    assert 'permissions' in raises(redis.exceptions.NoPermissionError, user.get, 'other')
    assert r.acl_whoami() == 'default' and 'dvora' in r.acl_users()
    assert r.acl_getuser('dvora')['enabled']
    wrong = client(username='dvora', password='wrong')
    assert raises(redis.ResponseError, wrong.ping).startswith('WRONGPASS')
    assert r.acl_deluser('dvora') == 1


@test
def asyncio_examples():
    async def run():
        r = redis.asyncio.Redis(port=PORT)
        assert await r.ping()
        async with r.pipeline(transaction=True) as pipe:
            assert await pipe.set('key1', 'value1').set('key2', 'value2').execute() == [True, True]
        for kind in ('subscribe', 'psubscribe'):
            pubsub = r.pubsub()
            await getattr(pubsub, kind)('channel:1' if kind == 'subscribe' else 'channel:*')

            async def read():
                got = []
                while b'STOP' not in got:
                    message = await pubsub.get_message(ignore_subscribe_messages=True)
                    if message is not None:
                        got.append(message['data'])
                    await asyncio.sleep(0.001)
                return got

            reader = asyncio.create_task(read())
            while await r.publish('channel:1', 'Hello') == 0:
                await asyncio.sleep(0.001)
            await r.publish('channel:1', 'STOP')
            assert (await asyncio.wait_for(reader, 20))[-2:] == [b'Hello', b'STOP']
            await pubsub.close()
        await r.close()
        await r.connection_pool.disconnect()

    asyncio.run(run())


def main():
    wanted = sys.argv[3:]
    for function in TESTS:
        name = function.__name__
        if wanted and name not in wanted:
            continue
        result = {'name': name.replace('_', ' ')}
        try:
            client().flushall()
            function()
        except Skip as reason:
            result['skip'] = str(reason)
        except Exception:
            result['error'] = traceback.format_exc()
        print(json.dumps(result), flush=True)


main()
