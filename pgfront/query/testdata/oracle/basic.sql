select 1
select 1 + 1 as two, 'x' || 'y', null, true, 1.5, 12345678901
select entry_id, term, appended_at, data from s order by entry_id
select * from s where entry_id between 3 and 5 order by entry_id desc
select * from s where entry_id in (1, 5, 9) order by entry_id
select * from s where entry_id = 4 or entry_id = 7 order by 1
select * from s where not (entry_id > 3) order by entry_id limit 2 offset 1
select count(*), min(entry_id), max(entry_id) from s
select count(*), min(entry_id), max(entry_id) from s where entry_id > 4 and entry_id <= 8
select count(*), min(term), min(appended_at), sum(entry_id), avg(entry_id) from s
select convert_from(data, 'UTF8') from s where entry_id < 4 order by entry_id
select encode(data, 'hex'), length(data), octet_length(data), substring(data from 3 for 4) from s where entry_id = 1
select 1 / 0
select 2147483647 + 1
select 9223372036854775807 + 1
select 'abc'::int
select nocolumn from s
select * from nosuch
select * from public.nosuch
select 1 + 'a'
select 'a' + 'b'
select nofunc(1)
select entry_id + data from s
select s.entry_id from t
select entry_id from s, t
select count(*) from s, t
select s.entry_id, t.entry_id from s join t using (entry_id) order by 1
select * from s join t using (entry_id) order by 1
select s.entry_id, t.term from s left join t on s.entry_id = t.entry_id order by s.entry_id
select s.entry_id, t.entry_id from s full join t on s.entry_id = t.entry_id + 8 order by 1, 2
select term, count(*) from s group by term order by term
select term, count(*) from s group by 1 having count(*) > 2 order by 2 desc, 1
select entry_id from s group by term
select distinct term from s order by term desc
select (select max(entry_id) from t), exists (select 1 from t where entry_id = s.entry_id) from s order by entry_id
select entry_id from s where entry_id in (select entry_id from t) order by 1
select case when entry_id > 5 then 'big' else 'small' end, count(*) from s group by 1 order by 1
with x as (select entry_id from s where entry_id < 4) select * from x union all select 100 order by 1
select * from (values (1, 'a'), (2, 'b')) v(n, c) order by n
select row_number() over (order by entry_id desc), entry_id, sum(entry_id) over (order by entry_id) from s order by entry_id
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n from r order by n
select upper('abc'), lower('ABC'), length('äöü'), substr('hello', 2, 3), position('l' in 'hello'), trim('  x '), replace('aXbX', 'X', '-')
select 'abc' like 'a%', 'abc' ilike 'A_C', 'abc' ~ '^a', 'abc' !~* 'B'
select coalesce(null, 1), nullif(1, 1), greatest(1, 3, 2), least(2, 1)
select 10 / 3, 10 % 3, -7 / 2, -7 % 2, 10.0 / 3, 1e10, 2 ^ 3, 5::float8 / 2
select 1::text, '5'::int8, 3.7::int, 'true'::bool, '{1,2}'::int[], array[1,2,3]
select now() is not null, current_user is not null
select sum(entry_id) filter (where entry_id > 5), count(distinct term), string_agg(entry_id::text, ',' order by entry_id desc) from s
select entry_id, lag(entry_id) over (order by entry_id) from s order by 1
select term, array_agg(entry_id order by entry_id) from s group by term order by term
select entry_id from s order by term desc, entry_id limit 3
select entry_id, term from s union select entry_id, term from t order by 1
select entry_id from s except select entry_id from t order by 1
select entry_id from s intersect select entry_id from t order by 1
select 1 where false
select (s).term from s where entry_id = 1
select entry_id from s where data = '\x00'
select entry_id from s where appended_at > '2024-03-01 10:00:07+00' order by 1
select entry_id from s where appended_at between '2024-03-01 10:00:02' and '2024-03-01 10:00:04' order by 1
