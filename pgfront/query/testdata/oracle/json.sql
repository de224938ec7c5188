select '{"a": 1.0, "b": [1, 2, {"c": "x"}], "a": 2}'::json, '{"a": 1.0, "bb": [1, 2, {"c": "x"}], "c": null, "a": 2}'::jsonb
select '{"a": 1.0, "b": "x"}'::json -> 'a', '{"a": 1.0, "b": "x"}'::json ->> 'b', '[1, [2, 3]]'::json -> 1, '[1,2]'::jsonb -> -1, '{"a": {"b": [1, 2]}}'::jsonb #> '{a,b,1}', '{"a": {"b": 5}}'::jsonb #>> '{a,b}', '{"a":1}'::jsonb -> 'x'
select '{"a": 1, "b": 2}'::jsonb @> '{"a": 1}', '[1,2,3]'::jsonb @> '[3]', '{"a":1}'::jsonb ? 'a', '["a"]'::jsonb ?| array['b','a'], '{"a":1,"b":2}'::jsonb ?& array['a','b'], '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '[1,2]'::jsonb @> '1'
select '{"a":1}'::jsonb || '{"b":2}', '[1]'::jsonb || '2', '{"a":1,"b":2}'::jsonb - 'a', '[1,2,3]'::jsonb - 1, '{"a":1,"b":2}'::jsonb - array['a','b']
select jsonb_set('{"a":{"b":1}}', '{a,b}', '5'), jsonb_set('{"a":1}', '{c}', '2'), jsonb_set('[1,2]', '{5}', '3'), jsonb_insert('[1,2]', '{1}', '9'), jsonb_strip_nulls('{"a":null,"b":[null]}'), jsonb_pretty('{"a":[1,{"b":2}]}'), jsonb_typeof('1'), json_typeof('"x"'), jsonb_array_length('[1,2]')
select to_json(1), to_json('x'::text), to_jsonb(array[1,2]), to_json(now()) is not null, to_jsonb(1.50), to_json(row(1, 'a')), json_build_object('a', 1, 'b', null), jsonb_build_array(1, 'a', true), json_build_array(), to_json(timestamptz '2024-01-02 03:04:05.5+00'), to_jsonb(date '2024-01-02'), to_json(true)
select * from jsonb_each('{"b": 1, "a": [2]}')
select * from json_each_text('{"b": "x", "a": null}')
select jsonb_array_elements('[1, "a", null]'), jsonb_array_elements_text('[1, "a", null]')
select * from jsonb_object_keys('{"b": 1, "a": 2}') k
select (jsonb_each('{"a": 1}')).key
select json_agg(entry_id order by entry_id), jsonb_agg(entry_id order by entry_id), json_object_agg(entry_id, term), jsonb_object_agg(entry_id, term) from t
select (convert_from(data, 'UTF8')::jsonb ->> 'n')::int n, convert_from(data, 'UTF8')::jsonb -> 'word' from s order by entry_id
select convert_from(data, 'UTF8')::json ->> 'word' w, count(*) from s group by 1 order by 1
select '1'::jsonb::int, '1.5'::jsonb::numeric, 'true'::jsonb::bool, '"a"'::jsonb::text, '1'::jsonb::float8
select '"a"'::jsonb::int
select '{"a":1'::jsonb
select '{a:1}'::json
select '[1,]'::jsonb
select '{"a":1}'::jsonb = '{"a": 1.0}', '1'::jsonb < '2', '[]'::jsonb < '1', 'null'::jsonb < '"a"'
select '{"a":1}'::json = '{"a":1}'
select ('{"a":[1,2]}'::jsonb)['a'][1], ('{"a":[1,2]}'::jsonb)['a']
select '"\u00e4\n"'::jsonb, '"\u00e4\n"'::json, '"\u0000"'::jsonb
select jsonb_array_elements('{}')
select jsonb_path_query('{"a":1}', '$.a') -- refused
select distinct '{"a":1}'::jsonb union select '{"a":1.0}'
select row_to_json(x) from (select 1 a, 'b' b) x
select array_to_json(array[[1,2],[3,4]])
select a, b, a < b, a = b from (values ('{"a":1}'::jsonb, '{"1.0":1}'::jsonb), ('{"b":1}', '{"aa":1}'), ('[[],1]', '[1,2]'), ('[]', '{}'), ('[]', 'null'), ('[]', '[]'), ('[[]]', '[null]'), ('{"b":[1]}', '{"aa":[2]}'), ('{"a":[]}', '{"a":"x"}')) v(a, b)
select '1e05'::jsonpath, '0.5 + 0'::jsonpath, '$[0]'::jsonpath
select '$[00]'::jsonpath
