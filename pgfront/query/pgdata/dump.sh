#!/bin/sh
# Writes types.tsv, procs.tsv, operators.tsv, casts.tsv, relations.tsv, keywords.tsv and zones.tsv from the catalog of a running
# PostgreSQL 15:   dump.sh 'host=127.0.0.1 user=postgres'
# Left out: types and functions that no expression can name (row types, triggers, functions
# that take or return internal).
set -eu
dsn=${1:?usage: dump.sh DSN}
cd "$(dirname "$0")"
dump() { psql -X -q "$dsn" -c "copy ($2) to stdout" >"$1.tsv"; }

dump types "
  select t.oid, typname, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typelem, typarray,
         typalign, typstorage, typcollation, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typsubscript
  from pg_type t
  where typnamespace = 'pg_catalog'::regnamespace and typrelid = 0
    and not exists (select from pg_type e where e.oid = t.typelem and e.typrelid <> 0)
  order by t.oid"
dump procs "
  select oid, proname, prokind, proretset, proisstrict, provolatile, provariadic, prorettype,
         coalesce(array_to_string(proargtypes::oid[], ' '), ''), pronargdefaults,
         coalesce(array_to_string(proallargtypes, ' '), ''), coalesce(array_to_string(proargmodes, ''), ''),
         coalesce(array_to_string(proargnames, ' ', ''), ''), (select lanname from pg_language where oid = prolang),
         case when prolang = 12 then prosrc else '' end
  from pg_proc
  where (pronamespace = 'pg_catalog'::regnamespace or proname = '_pg_expandarray') -- which JDBC calls
    and not ('internal'::regtype = any (proargtypes::oid[]))
    and prorettype not in (select oid from pg_type where typname in
        ('internal', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler', 'index_am_handler', 'table_am_handler', 'tsm_handler'))
  order by oid"
dump operators "
  select o.oid, oprname, oprkind, oprleft, oprright, oprresult, oprcom::oid, oprnegate::oid, oprcanmerge, oprcanhash, p.oid, p.prosrc, p.proisstrict
  from pg_operator o join pg_proc p on p.oid = oprcode
  order by o.oid"
dump casts "
  select c.oid, castsource, casttarget, castcontext, castmethod, castfunc::oid, coalesce(p.prosrc, ''), coalesce(p.pronargs, 0)
  from pg_cast c left join pg_proc p on p.oid = castfunc
  order by c.oid"
dump relations "
  select n.nspname, c.relname, c.oid, c.relkind, a.attname,
         case when t.typtype = 'd' then t.typbasetype when a.atttypid = 'regproc[]'::regtype then 1008 else a.atttypid end, a.attnotnull
  from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid
  where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v') and a.attnum > 0 and not attisdropped
  order by 1, 2, a.attnum"
dump keywords "select word, catcode, barelabel from pg_get_keywords() order by word collate \"C\""
dump zones "
  select name from pg_timezone_names
  where name !~ '^(posix|right)/' and name not in ('localtime', 'posixrules', 'Factory')
  order by name collate \"C\""
