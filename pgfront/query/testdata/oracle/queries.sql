select entry_id from s where entry_id > '3' order by 1
select entry_id from s where entry_id = any('{1,2}') order by 1
select s.entry_id from s, t where s.entry_id > t.entry_id and t.entry_id = 3 order by 1 desc limit 2
select * from s where entry_id in (select entry_id + 1 from t where t.term = s.term) order by 1
select entry_id from s where (entry_id, term) in (select entry_id, term from t) order by 1
select entry_id from s where (entry_id, term) > (4, 1) order by 1
select x, y from (select entry_id x, term y from s) q where x between 2 and 3 order by 1
select a.entry_id from s a where a.entry_id = (select b.entry_id from t b where b.entry_id = a.entry_id and exists (select 1 from s c where c.entry_id = b.entry_id + a.entry_id)) order by 1
select t.entry_id, q.c from t, lateral (select count(*) c from s where s.entry_id <= t.entry_id) q order by 1
select t.entry_id, q.c from t join lateral (select count(*) c from s where s.entry_id <= t.entry_id) q on q.c > 1 order by 1
select t.entry_id, q.c from t cross join lateral (select count(*) c from s where s.entry_id <= t.entry_id limit 1) q where q.c = 2
with x as (select * from s where entry_id < 4) select a.entry_id, b.entry_id from x a join x b on a.entry_id = b.entry_id + 1 order by 1
with x as (select entry_id from s), y as (select entry_id from x where entry_id > 8) select (select count(*) from x), entry_id from y order by 2
select (with z as (select s.entry_id + 1 v) select v from z) from s where entry_id < 3 order by 1
select entry_id, (select array_agg(g) from generate_series(1, s.entry_id) g) from s where entry_id < 4 order by 1
with recursive tree(id, parent) as (values (1, null::int), (2, 1), (3, 1), (4, 2)), r(id, depth) as (select id, 0 from tree where parent is null union all select t.id, r.depth + 1 from tree t join r on t.parent = r.id) select * from r order by id
select count(*) from s a full join s b on a.entry_id = b.entry_id and a.entry_id < 5
select a.entry_id, b.entry_id from (select * from s where entry_id < 4) a full join (select * from s where entry_id between 3 and 5) b using (entry_id) order by entry_id
select entry_id from (select * from s where entry_id < 4) a full join (select * from s where entry_id between 3 and 5) b using (entry_id) order by entry_id
select * from (select 1 a) x left join (select 2 b) y on x.a = y.b left join (select 1 c) z on x.a = z.c
select * from (select 1 a) x left join (select 1 b) y on x.a = y.b where y.b is null
select * from s a left join t b on a.entry_id = b.entry_id where b.entry_id is null order by a.entry_id limit 2
select sum(entry_id) s, count(*) filter (where term > 1) c from s group by term % 2 order by 1
select term % 2, sum(entry_id) from s group by term % 2 having sum(entry_id) > 10 order by 1
select term as t, max(entry_id) - min(entry_id) d from s group by t order by d, t
select (select sum(entry_id) from s where term = t.term) from t group by t.term
select count(*) from (select distinct term from s) q
select distinct term, entry_id % 2 from s order by 1, 2
select entry_id from s order by entry_id % 3, entry_id desc
select entry_id e from s order by e + 1
select entry_id e from s order by abs(entry_id - 5), entry_id
select 1 as one, 2 as two order by two, one
select sum(x) over (partition by y order by x desc rows unbounded preceding) from (values (1, 'a'), (2, 'a'), (3, 'b')) v(x, y) order by 1
select sum(sum(entry_id)) over (order by term), term from s group by term order by term
select rank() over (order by count(*) desc, term), term from s group by term order by 1
select entry_id, lag(entry_id, 1, -1) over w, lead(data is null) over w from s window w as (order by entry_id desc) order by 1
select string_agg(x, ',') within group (order by x) from (values ('a')) v(x) -- refused
select percentile_cont(0.5) within group (order by entry_id) from s -- refused
select mode() within group (order by term) from s -- refused
select now()::date = current_date, localtimestamp is null, current_time is null -- refused
select entry_id::int2, entry_id::text || 'x', entry_id::float8 / 3, entry_id::numeric / 3 from s where entry_id = 7
select cast(entry_id as varchar(1)) from s where entry_id = 10
select 'abc'::varchar(2)::text, 'abc'::char(5)::text || '|', length('ab '::char(5))
select * from generate_series(1, 10, 3) with ordinality
select * from generate_series(5, 1, -2) x
select generate_series(1, 3), generate_series(1, 2)
select generate_series(1, entry_id) from t order by 1
select array_agg(x) from generate_series(1, 5) x where x % 2 = 1
select unnest(string_to_array('a,b', ',')), 1
select * from unnest(array[1,2], array['a','b','c']) as u(a, b)
select * from rows from (generate_series(1, 2), generate_series(1, 3)) as r(a, b)
select * from regexp_split_to_table('a b c', ' ') x
select * from string_to_table('a,b', ',')
select * from upper('a')
select * from upper('a') as x(y)
select exists(select 1 from s where entry_id > 100), not exists(select 1 from s)
select 1 from s limit 1 + 1
select 1 from s limit '2'
select 1 from s offset 9
select 1 = 1 and 1 / 1 = 1, 'a' in ('a', 'b'), null in (1), 1 in (null)
select 1 > all('{}'::int[]), 1 > any('{}'::int[])
select (array['a','b'])[1] || 'c', array_length('{}'::int[], 1)
select 'x' = any(string_to_array('x,y', ','))
select row(1, 2) = row(1, 2), row(1, 'a') < row(1, 'b'), (1, 2) is distinct from (1, 3)
select to_char(now(), 'YYYY') is not null -- refused
select to_char(5, '999') -- refused
select timestamptz 'now' = now()
select pg_typeof(entry_id), pg_typeof(data), pg_typeof(appended_at) from s limit 1
select version() like 'PostgreSQL 15%', current_setting('server_version_num')::int / 10000, pg_is_in_recovery(), current_setting('nosuch', true)
select current_setting('nosuch')
select set_config('application_name', 'x', false)
select txid_current() > 0 -- refused
select nextval('x') -- refused
select * from s tablesample system (10) -- refused
select * from s for share -- refused
select 1 into x -- refused
select lower(x) from (values ('ÄÖ'), (E'\u0130')) v(x)
select E'\\x41'::bytea, 'a\b'::bytea
select 'a\142c'::bytea, E'a\\000b'::bytea
select '1 2'::int
select ' 12 '::int, '+5'::int, '1e2'::float8, ' 1.5 '::numeric, 'Infinity'::float8, '1_000'::text
select '1_000'::int
select ''::int
select '9223372036854775808'::int8
select '70000'::int2
select 70000::int2
select 1e20::int8
select 'nan'::float8::int
select 'abc'::numeric
select '1.2.3'::numeric
select 1 % 0.0
select 10::numeric ^ 400 is not null
select interval 'foo'
select '2024-01-01'::timestamp at time zone 'Nowhere/Land'
select date '2024-01-01' + 1.5
select now() + 1
select now() - '1 day'::interval < now(), now() - now(), now() > '2020-01-01'
select 'a'::text < 1
select array[1] || 'x'
select array[1] = array['a']
select '{1,2}' = array[1,2]
select 1 in ('a')
select entry_id in ('1', '2') from s order by entry_id limit 3
select data like '%word%' from s limit 1
select data || 'x'::bytea from s where entry_id = 1
select data = data, data < '\xff', data is null from s where entry_id = 1
select md5(data), sha256(data), length(data) from s where entry_id = 2
select substr(data, 2, 3), left(convert_from(data, 'utf8'), 5) from s where entry_id = 2
select avg(length(data)), max(length(data)) from s
select term, count(*), min(appended_at), max(entry_id) from s group by term order by count(*) desc, term
select date_trunc('minute', appended_at) m, count(*) from s group by m order by m
select count(*) from s where appended_at >= '2024-03-01 10:00:05Z' and appended_at < timestamptz '2024-03-01 10:00:08Z'
select entry_id from s where entry_id = 3::int2 or entry_id = 4.0 or entry_id = 5::float8 order by 1
select entry_id from s where 3 < entry_id and 6 >= entry_id order by entry_id desc
select entry_id from s where entry_id > null
select entry_id from s where entry_id in (1, null, 3) order by 1
select entry_id from s where entry_id between 5 and 2
select max(entry_id) from s where entry_id < 0
select min(entry_id), max(entry_id), count(*) from s where entry_id in (2, 3, 9)
select count(*), count(entry_id), count(1) from s where entry_id > 3
select count(*) + 1, max(entry_id) * 2 from s
select case when count(*) = 0 then 'none' else 'some' end from s where entry_id > 100
select coalesce(max(entry_id), 0) from s where entry_id > 100
select entry_id from s where true and entry_id < 3 order by 1
select entry_id from s where false
select 1 from s where null
select entry_id from s where entry_id::text = '3'
select 1, count(*) from s group by grouping sets ((1), ()) having count(*) > 1
select 'a' as x, 'a' || 'b', count(*) from s group by rollup ('a'::text || '') having count(*) > 1
select 1 as a, count(*) from (values (1), (2)) v(x) group by rollup (1) order by 1
select a.entry_id, b.entry_id from s a left join s b on a.term = b.term and b.entry_id = 2 and a.entry_id > 1
select a.entry_id, b.entry_id from s a left join s b on b.entry_id = 2
select a.entry_id, b.entry_id from s a left join t b on b.entry_id > 100 and a.entry_id = b.entry_id
select a.entry_id, b.entry_id from s a right join s b on a.term = b.term and a.entry_id = 2 and b.entry_id > 1
select a.entry_id, b.entry_id from s a full join s b on a.entry_id = b.entry_id and a.entry_id = 2
select a.entry_id, b.entry_id from s a left join s b on b.entry_id = (select 2) and a.entry_id = b.entry_id
select * from (select entry_id x, term + 1 y from s) q where x > 4 and y > 1
select * from (select entry_id x, term + 1 y from s limit 3) q where x > 2
select * from (select max(entry_id) x, term y from s group by term) q where y > 1 and x > 0
select * from (select entry_id x, row_number() over (order by entry_id desc) r from s) q where x > 4 and r > 1
select * from (select distinct on (term) term x, entry_id y from s order by term, entry_id) q where y > 1
select * from s where jsonb_path_exists('1'::jsonb, '$', to_jsonb(entry_id)) or null is null
select * from s where jsonb_path_exists('1'::jsonb, '$', to_jsonb(entry_id)) and 'g' < 'abc'
select array_agg(distinct x) from (values (array[1]), (array[3, 4]), (null)) v(x)
select term, entry_id % 2, count(*), grouping(term), grouping(entry_id % 2), grouping(term, entry_id % 2) from s group by cube (term, entry_id % 2) order by 1, 2, 4, 5
select term, grouping(term) from s group by rollup (term) having grouping(term) = 1
select term, sum(entry_id), grouping(term) + 1 as g from s group by grouping sets ((term), ()) order by grouping(term) desc, term
select grouping(term) from s group by term limit 1
select grouping(entry_id) from s group by term
select grouping(term) from s
select 1 from s where grouping(term) = 0
select term, rank() over (partition by grouping(term) order by sum(entry_id) desc) from s group by rollup (term) order by 1, 2
select max(grouping(term)) from s group by term
select (entry_id, term) = (select 3, 1) from s order by entry_id
select (entry_id, term) < (select t.entry_id, t.term from t where t.entry_id = s.entry_id) from s order by entry_id
select (1, 2) = (select 1, 2 where false), (1, null) = (select 1, 2), (1, 2) <> (select 1, 3), (1, 2) >= (select 1, null::int)
select (1, 2) = (select entry_id, term from s)
select (1, 2) = (select 1)
select (1, 2) = (select 1, 2, 3)
select entry_id from s where (entry_id, term) = (select max(t.entry_id), 1 from t) order by 1
select entry_id from s where (entry_id, term) in (select t.entry_id, t.term from t) order by 1
select entry_id from s where (entry_id, term) not in (select t.entry_id, t.term from t) order by 1
select entry_id, (select sum(t.entry_id + s.entry_id) from t) from s order by 1
select entry_id, (select count(*) filter (where t.entry_id < s.entry_id) from t) from s order by 1
select term, (select sum(s.entry_id)) from s group by term order by 1
select (select sum(s.entry_id)) from s
select term, (select count(*) from t where t.entry_id < sum(s.entry_id)) from s group by term order by 1
select term, (select string_agg(s.entry_id::text, ',' order by s.entry_id desc)) from s group by term order by 1
select (select sum(s.entry_id + t.entry_id) from t) from s
select (select sum(s.entry_id) from t limit 1) from s
select (select max(t.term) from t where t.entry_id <= count(s.term)) from s
select (select max((select count(s.entry_id)))) from s
select (select bit_and(1) filter (where 1 in (select 1 union all select s.entry_id)) from t limit 1) from s
select (select sum((select t.entry_id)) from t) from s limit 1
select 1 from s where (select sum(s.entry_id)) > 1
select 1 from s, lateral (select sum(s.entry_id)) x
select term from s group by term having exists (select 1 from t where t.entry_id = count(s.entry_id)) order by 1
select (select (select sum(s.entry_id) from t limit 1) from t limit 1) from s
select (select (select sum(t.entry_id)) from t) from s limit 2
select (select (select sum(t.entry_id + s.entry_id)) from t) from s order by 1 limit 2
select term, (select percentile_disc(0.5) within group (order by s.entry_id)) from s group by term order by 1
select sum((select max(s.entry_id))) from s
select (select s.entry_id + sum(s.term)) from s
select (select sum(s.term) + count(*) from t) from s
select array(select v.id), count(*) from (values (1), (1), (2)) v(id) group by 1 order by 1
select (select v.id + 1) as x, count(*) from (values (1), (1), (2)) v(id) group by x order by 1
select (select v.id + 1), (select v.id), count(*) from (values (1), (1), (2)) v(id) group by 1
select array_fill(1, array[1], array[1,2,3,4,5,6,7])
select array_fill(1, array[1,2,3,4,5,6,7], array[1])
select x, ntile(n) over (order by x) from (values (0, null::int), (1, 10), (2, 1), (3, 1), (4, 1)) v(x, n)
select x, ntile(n) over (order by x) from (values (0, null::int), (1, null), (2, 2), (3, 1), (4, 1), (5, 1)) v(x, n)
