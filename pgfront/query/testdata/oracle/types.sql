select 1::int2 + 1::int2, 32767::int2 + 1::int2
select 1::int2 + 1::int4, 1::int4 + 1::int8, 1 + 1.5, 1 + 1.5::float4, 1::numeric + 1.5::float8
select -32768::int2, (-32768)::int2, - (-9223372036854775808)
select 5 & 3, 5 | 3, 5 # 3, ~5, 1 << 3, -8 >> 1, 1 << 35, 1::int8 << 35
select abs(-5), sign(-2.5), mod(7, 3), gcd(12, 18), lcm(4, 6), round(2.5), round(-2.5), round(2.5::float8), round(3.14159, 2), trunc(3.999, 1), ceil(1.1), floor(-1.1), round(1234.5, -2)
select 1.0 / 3, 2.0 / 3, 10 / 4.0, 1e20 / 3, 0.00001 / 7, 12345678901234567890.0 / 7, 1 / 3.00000
select 1.10 + 2.2, 1.5 * 1.25, 7.5 % 2, -7.5 % 2, 1.00 = 1.0, 'NaN'::numeric > 1, 'infinity'::numeric
select sqrt(2.0), sqrt(2::float8), power(2, 10), power(2.0, 3), exp(1::float8), ln(10::float8), log(100::float8), cbrt(8::float8), pi()
select 123.456::numeric(5, 1), 99999.99::numeric(5, 2)
select 1.5::int, 2.5::int, -1.5::int, 2.5::float8::int, 3.5::float8::int, '1e3'::numeric, '1e400'::float8
select 3000000000::int4
select 'x'::char(3), 'abcd'::varchar(2), 'abc'::char(2), 'a'::char(3) || 'b', 'a '::char(3) = 'a'
select 'abc'::"char", 'abc'::name, 'a'::text = 'a'::name
select true and null, false and null, true or null, not null, null = null, null is null, (1 = 1) is true, null is unknown, null is not true
select 't'::bool, 'off'::bool, 'yes'::bool, true::int, 1::bool, true::text, 'on'::bool
select 'maybe'::bool
select 1 between 0 and 2, 5 not between 1 and 3, 2 between symmetric 3 and 1, 1 in (1, 2), 1 not in (2, null), 1 in (2, null)
select (1, 2) = (1, 2), (1, 2) < (1, 3), (1, null) = (1, 2), (1, 2) in ((1, 2), (3, 4)), row(1, 'a'), (1, 2) is null, row(null, null) is null
select 1 = any(array[1, 2]), 3 = any('{1,2}'), 1 <> all(array[2, 3]), 1 = any(null::int[]), 'a' like any(array['b%', 'a%'])
select 1 is distinct from null, null is distinct from null, 1 is not distinct from 1
select case 1 when 1 then 'a' when 2 then 'b' end, case when false then 1 end, case when true then 1 else 2.5 end
select coalesce(null, 'a'), coalesce(1, 2.5), nullif('a', 'b'), greatest(1, null, 3), least('b', 'a'), greatest(1, 2.5)
select '{1,2,3}'::int[], array[[1,2],[3,4]], array['a', null, 'b c', '"'], '{}'::int[], '[2:3]={1,2}'::int[], array[1, 2.5]
select (array[1,2,3])[2], (array[1,2,3])[1:2], (array[[1,2],[3,4]])[2][1], (array[1,2,3])[5], ('{1,2,3}'::int[])[2:]
select array[1,2] || 3, 0 || array[1,2], array[1,2] || array[3], array_append(array[1], 2), array_length(array[1,2,3], 1), array_upper(array[1,2], 1), cardinality(array[[1,2],[3,4]]), array_to_string(array[1,null,3], ',', '*'), string_to_array('a,b,c', ','), array_position(array['a','b'], 'b'), array_remove(array[1,2,1], 1), array_dims(array[[1,2]])
select array[1,2] @> array[1], array[1] <@ array[1,2], array[1,2] && array[2,3], array[1,2] = array[1,2], array[1,2] < array[1,3]
select '{1,2'::int[]
select '{a}'::int[]
select unnest(array[1,2,3]), generate_series(1, 2)
select * from unnest(array['a','b']) with ordinality as u(x, n)
select * from generate_series(1, 3) g
select g, g * 2 from generate_series(1, 10, 4) as g
select * from generate_series(1, 3) a, lateral (select a * 2 as b) x
select s.entry_id, x from s, generate_series(1, s.entry_id) x where s.entry_id < 4 order by 1, 2
select s.entry_id, l.m from s left join lateral (select max(t.entry_id) m from t where t.entry_id <= s.entry_id) l on true order by 1
select 'a' || 1, 1 || 'a', 'a' || null, 1.5 || 'x', true || 'x'
select concat('a', 1, null, true), concat_ws('-', 'a', null, 'b'), initcap('hello wORLD'), reverse('abc'), left('abc', 2), right('abc', 2), left('abc', -1), lpad('x', 3, 'ab'), rpad('x', 3), repeat('ab', 2), split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), translate('abc', 'ab', 'x'), strpos('abc', 'c'), ascii('a'), chr(228), md5('abc'), to_hex(255), starts_with('abc', 'ab'), overlay('abcdef' placing 'X' from 2 for 3), btrim('xxaxx', 'x'), quote_ident('A b'), quote_literal('it''s'), quote_nullable(null), octet_length('ä'), char_length('ä'), bit_length('ä')
select substring('abcdef', 2), substring('abcdef' from 2 for 3), substring('abcdef' from -1 for 4), substring('foobar' from 'o(.)b'), substring('abc', 2, -1)
select 'abc' like 'a_c', 'a%c' like 'a\%c', 'a%c' like 'a#%c' escape '#', 'abc' not like 'b%', 'ABC' ilike 'a%', 'abc' similar to '(a|b)%', 'abc' like 'abc\'
select 'abc' ~ 'a.c', 'abc' ~* 'A', 'abc' !~ 'x', regexp_replace('abcabc', 'b', 'X'), regexp_replace('abcabc', 'b', 'X', 'g'), regexp_replace('abc', '(a)(b)', '\2\1'), regexp_match('foobar', '(o+)(b)'), regexp_split_to_array('a1b2c', '\d'), regexp_count('abcabc', 'b'), regexp_like('abc', 'B', 'i')
select regexp_matches('foobarbaz', 'ba(.)', 'g')
select 'a' ~ '('
select 'a' ~ '['
select 'a' ~ '*a'
select '\xdeadbeef'::bytea, 'abc'::bytea, '\x41'::bytea || '\x42'::bytea, length('\x4142'::bytea), get_byte('\x4142', 1), set_byte('\x4142', 0, 67), get_bit('\x01'::bytea, 0), sha256('abc'), encode('abc', 'base64'), decode('YWJj', 'base64'), encode('\x00ff', 'escape'), decode('6162', 'hex'), convert_from('\xc3a4', 'UTF8'), convert_to('ä', 'UTF8'), substring('\x010203'::bytea from 2), position('\x02'::bytea in '\x0102'::bytea), overlay('\x010203'::bytea placing '\xff'::bytea from 2 for 1), btrim('\x000100'::bytea, '\x00'::bytea), bit_count('\xff01'::bytea), md5('abc'::bytea)
select convert_from('\xff', 'UTF8')
select '\xzz'::bytea
select '\x1'::bytea
select decode('a', 'hex')
select decode('a', 'base64')
select decode('a', 'nosuch')
select get_byte('\x41', 1)
select chr(0)
select '123e4567-e89b-12d3-a456-426614174000'::uuid, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid > '00000000-0000-0000-0000-000000000000'
select 'x'::uuid
select 1::oid, 4294967295::oid, '-1'::oid, 1::oid = 1, 16::regtype, 'int4'::regtype, 'integer'::regtype::oid, 'now'::regproc, 'pg_class'::regclass, 1259::regclass, 0::regclass
select 'nosuch'::regclass
select 'nosuch'::regtype
select pg_typeof(1), pg_typeof('a'), pg_typeof(1.5), pg_typeof(array[1]), pg_typeof(null), pg_typeof(now())
select min(x), max(x), sum(x), avg(x), count(x), stddev(x), variance(x), stddev_pop(x), var_pop(x) from (values (1), (2), (4), (null)) v(x)
select sum(x), avg(x), stddev(x), variance(x) from (values (1.5), (2.25), (4)) v(x)
select sum(x), avg(x), stddev(x), variance(x), min(x) from (values (1.5::float8), (2.25), (4)) v(x)
select bool_and(x), bool_or(x), every(x) from (values (true), (false), (null)) v(x)
select bit_and(x), bit_or(x), bit_xor(x) from (values (5), (3)) v(x)
select sum(x) from (values (9223372036854775807), (1)) v(x)
select sum(x) from (values (1)) v(x) where false
select count(*), count(x), sum(x), min(x) from (values (1)) v(x) where x > 5
select array_agg(x), string_agg(x::text, ',') from (values (1), (2)) v(x)
select count(distinct x), sum(distinct x), array_agg(distinct x order by x desc) from (values (1), (2), (1)) v(x)
select term, sum(entry_id) from s group by grouping sets ((term), ()) order by 1 nulls last
select term, entry_id % 2, count(*) from s group by rollup (term, entry_id % 2) order by 1, 2
select term, entry_id % 2, count(*) from s group by cube (term, entry_id % 2) order by 1, 2
select entry_id % 3 k, count(*) from s group by k having count(*) > 3 order by k
select sum(count(*)) over () from s group by term
select entry_id, rank() over (order by term), dense_rank() over (order by term desc), ntile(3) over (order by entry_id), first_value(entry_id) over w, last_value(entry_id) over w, percent_rank() over (order by term), cume_dist() over (order by term), nth_value(entry_id, 2) over w from s window w as (partition by term order by entry_id) order by 1
select entry_id, sum(entry_id) over (order by entry_id rows between 1 preceding and 1 following), count(*) over (order by term groups between 1 preceding and current row), avg(entry_id) over (partition by term), lead(entry_id, 2, 0) over (order by entry_id) from s order by 1
select distinct on (term) term, entry_id from s order by term, entry_id desc
select entry_id from s order by entry_id desc nulls first fetch first 3 rows only
select term from s order by term fetch first 2 rows with ties
select entry_id from s limit 0
select entry_id from s order by 1 limit null offset 8
select entry_id from s limit -1
select x from (values (2), (null), (1)) v(x) order by x
select x from (values (2), (null), (1)) v(x) order by x desc
select x from (values (2), (null), (1)) v(x) order by x nulls first
select 1 union select 1.5 order by 1
select 1 union all select null
select 'a' union select 'b' order by 1
select null union select 1 order by 1
select 1 union select 'a'
select 1, 2 union select 1
(select entry_id from s order by 1 limit 2) union all (select 100) order by 1 desc
with recursive r(n, s) as (select 1, 'a'::text union all select n + 1, s || 'a' from r where n < 4) select * from r order by n
with a as (select 1 x), b as (select x + 1 y from a) select * from a, b
with recursive r(n) as (select 1 union select (n % 3) + 1 from r) select n from r order by n
select (select entry_id from s)
select (select 1, 2)
select entry_id from s where entry_id = (select max(entry_id) from t)
select entry_id from s where exists (select from t where t.entry_id = s.entry_id and t.term = s.term) order by 1
select entry_id from s where entry_id not in (select entry_id from t) order by 1
select entry_id from s where entry_id > all (select entry_id from t) order by 1
select entry_id, (select count(*) from t where t.entry_id < s.entry_id) from s order by 1
select array(select entry_id from t order by 1 desc)
select max((select count(*) from t where t.entry_id < s.entry_id)) from s
select term, (select count(*) from t where t.term = s.term) from s group by term order by 1
select term, (select count(*) from t where t.entry_id = s.entry_id) from s group by term
select count(*) from s where term = 1 group by ()
select a.entry_id, b.entry_id from s a join s b on a.entry_id = b.entry_id + 1 and b.term = 1 order by 1
select a.entry_id, b.entry_id from t a cross join t b where a.entry_id < b.entry_id order by 1, 2
select a.entry_id, b.entry_id from s a right join t b on a.entry_id = b.entry_id * 4 order by 2
select * from t a natural join t b order by 1
select entry_id from s a join t b using (entry_id) where a.term = 1 order by entry_id
select entry_id from s join t on true
select s.* from s, t where s.entry_id = t.entry_id and t.entry_id = 2
select x.a from (select entry_id a from s) x where x.a = 3
select x from (select entry_id a from s) x where x.a = 3
select sum(1) from s having false
select 1 from s having true
select count(*) c from s having count(*) > 5
select count(entry_id order by term) from s
select sum(sum(entry_id)) from s
select entry_id from s where count(*) > 1
select row_number() over () from s where row_number() over () > 1
select entry_id as x from s where x = 1
select foo.entry_id from s
select entry_id from s s2, s s2
select * from s where entry_id = 'abc'
select * from s where data = 'abc'
select 'a'::text = 1
select * from s where term
select 1 where 1
select -'a'
select not 1
select 5 % 0
select 5.0 % 0
select 1::float8 / 0
select sqrt(-1)
select ln(0::float8)
select 1e308::float8 * 10
select cast('x' as nosuch)
select 1::nosuch
select nosuch.f(1)
select upper(1)
select lower()
select substring(1)
select count(1, 2)
select count()
select abs('a')
select round('1.5')
select length(1)
select max(*) from s
select sum('a')
select sum(data) from s
select avg(appended_at) from s
select generate_series(1, 2) where generate_series(1, 2) > 1
select coalesce(1, 'a')
select greatest(1, 'a')
select array[1, 'a']
select case when 1 then 2 end
select 1 as a, 2 as a order by a
select entry_id from s group by 5
select entry_id from s order by 5
select distinct term from s order by entry_id
select '' = '', ' ' = '', 'a' < 'B', 'a' < 'b'
select entry_id as "Weird Name", 1 as "select" from s where entry_id = 1
select current_schema(), current_schemas(false), current_schema, current_schemas(true)
select 1 -- comment
select $$dollar$$, E'a\tb', U&'\0061', $x$a$b$x$
select interval '1 day' > interval '23 hours', interval '30 days' = interval '1 month'
select format_type(23, null), format_type(1043, 14), format_type(1700, 655366), format_type(1184, -1), format_type(1007, -1)
select pg_table_is_visible('pg_class'::regclass), pg_get_userbyid(10) is not null, has_schema_privilege('public', 'usage')
select cast(null as int), cast('5' as int4), int4 '7', float8 '1.5', bool 't', text 'x'
select text(5), int8(5.5), float8(3)
select count(*) filter (where entry_id % 2 = 0) from s
select all entry_id from s where entry_id < 2
select entry_id + 1 as x from s where entry_id < 3 order by x desc
select entry_id from s where entry_id < 4 order by -entry_id
select -5 / 2, -5 % 2, 5 / -2, mod(-5, 2), div(-5.0, 2), 5.0 // 2
select 7 !=  8, 7 <> 7
select (select s.entry_id from t limit 1) from s where entry_id = 2
select * from (select 1 a, 'x' b union all select 2, 'y') q order by a desc
select * from (values (1), (2)) as v where v.column1 > 1
values (1, 'a'), (2, 'b')
values (1), (2) order by 1 desc limit 1
values (1, 2), (3)
table t
select t.* from t order by entry_id limit 1
select least(1), greatest('a')
select nullif(1, 'a')
select ((1))
select 1.5e3, .5, 5., 1e-3, 123456789012345678901234567890
select '1.50'::numeric, '-0'::numeric, 1.500, 0.0, '1e-5'::numeric, 1e5::numeric
select 12345.678::float4, 1e-10::float4, 1e10::float4, 16777217::float4, 0.1::float4, 0.1::float4::float8, 3.4e38::float4
select '0.1'::float4 = 0.1, 0.1::float4 = 0.1::float4
select 'xfoo foo foox' ~ '\mfoo\M', 'xfoo foox' ~ '\mfoo\M', 'foo' ~ '\mfoo', 'a-foo' ~ '\mfoo', 'afoo' ~ '\mfoo', 'foo bar' ~ 'foo\M bar'
select regexp_replace('the cat and the concat', '\mcat\M', 'dog', 'g'), regexp_matches('one two', '\m(\w+)\M', 'g')
select regexp_match('foo_bar baz', '[[:<:]]ba[rz][[:>:]]'), 'ab' ~ '\m(a|b)+\M', 'x1' ~ '\m[0-9]', '-1' ~ '\m[0-9]', 'ABC' ~* '\mabc\M'
select 'foo bar' ~ '\m', 'foo' ~ 'x\m' -- refused
select 'foo' ~ '\m.oo' -- refused
select 'foo' ~ '\mf*oo' -- refused
select regexp_split_to_array('one two  three', '\M\s+\m') -- refused
select 'foo' ~ '\m*' -- refused
select 'a.b' ~ '\ma\M\.\mb\M', 'ab' ~ 'a\Mb', 'ab' ~ 'a\mb'
select format('%*s', (-2147483648), 1, 1)
select make_time(1, 1, (- 1e-7::float8)), make_time(1, 1, 59.9999999::float8)
select make_time(1, 1, -0.000001)
select pow(5e-324::float8, 1e-7::float8)::numeric(12,10), log(1e15::float8), log(1000::float8), log(1e-5::float8)
select array_fill(('x' collate "C"), array[1])
select 'a' collate "C" || 'b', 'a' collate "C" < 'b', upper('a' collate "C"), ('1' collate "C")::int
select power('-Infinity'::float8, 0.5)
select power('-Infinity'::float8, -0.5)
select power('-Infinity'::float8, 'Infinity'), power('-Infinity'::float8, 3), power('-Infinity'::float8, 'NaN'), power(-2::float8, '-Infinity')
