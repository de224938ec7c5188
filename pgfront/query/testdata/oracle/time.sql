select date '2024-02-29', time '10:11:12.5', timestamp '2024-01-01 00:00:00', timestamptz '2024-01-01 00:00:00+02', interval '1 year 2 mons 3 days 04:05:06.789'
select '2024-01-31'::timestamp + interval '1 month', '2024-03-31'::date - 31, date '2024-03-01' - date '2024-02-01'
select timestamp '2024-05-01 12:00' - timestamp '2024-04-29 13:30', age(timestamp '2024-05-01', timestamp '2000-02-29')
select extract(year from timestamp '2024-05-06 07:08:09.123456'), extract(second from timestamp '2024-05-06 07:08:09.123456'), extract(epoch from timestamptz '2024-05-06 07:08:09.5+00'), extract(week from date '2021-01-03'), extract(isodow from date '2021-01-03'), extract(doy from date '2024-12-31')
select date_part('hour', timestamp '2024-05-06 07:08:09'), date_part('epoch', interval '1 day 2 hours'), extract(quarter from date '2024-05-06'), extract(century from date '2000-01-01'), extract(millennium from date '2001-01-01'), extract(decade from date '1999-01-01'), extract(julian from timestamp '2024-01-01 12:00')
select date_trunc('month', timestamp '2024-05-06 07:08:09'), date_trunc('week', timestamptz '2024-05-06 07:08:09+00'), date_trunc('hour', interval '1 day 02:03:04'), date_trunc('decade', date '2024-05-06')
select timestamptz '2024-07-01 12:00+00' at time zone 'Europe/Berlin', timestamp '2024-07-01 12:00' at time zone 'America/New_York', timestamptz '2024-07-01 12:00+00' at time zone interval '02:00'
select to_timestamp(0), to_timestamp(1709287201.25), make_date(2024, 2, 29), make_time(1, 2, 3.5), make_timestamp(2024, 1, 2, 3, 4, 5.5), make_interval(days => 3), make_interval(1, 2)
select interval '1 day' * 1.5, interval '1 month' / 2, interval '10 hours' * 3, - interval '1 day 1 hour', justify_hours(interval '27 hours'), justify_days(interval '35 days'), justify_interval(interval '1 mon -1 hour')
select interval '1-2', interval '3 4:05:06', interval 'P1Y2M3DT4H5M6S', interval '1 week ago', interval '1.5 months', interval '90 minutes', interval '-1 day +02:03', interval '2' day, interval '1:2' hour to minute
select 'infinity'::timestamp, '-infinity'::date, 'epoch'::timestamptz, isfinite('infinity'::timestamp)
select '2024-13-01'::date
select '2024-02-30'::date
select 'foo'::timestamptz
select '25:00'::time
select 'January 8, 1999'::date, '8 Jan 1999'::date, '1999-Jan-08'::date, '19990108'::date, '1/8/1999'::date, 'J2451187'::date
select '04:05 PM'::time, '040506'::time, '04:05:06.7891234'::time
select '2024-01-01 10:00:00 America/New_York'::timestamptz, '2024-01-01T10:00:00Z'::timestamptz, '2024-01-01 10:00:00 PST'::timestamptz
select timestamp(2) '2024-01-01 10:00:00.126', '2024-01-01 10:00:00.5'::timestamptz(0)
select date '2024-01-01' < timestamp '2024-01-01 00:00:01', timestamptz '2024-01-01' = date '2024-01-01'
select date_bin('15 minutes', timestamp '2024-01-01 10:22', timestamp '2024-01-01')
select '0044-03-15 BC'::date, timestamp '0044-03-15 12:00 BC'
select extract(foo from now())
select date_trunc('foo', now())
select sum(interval '1 hour'), avg(interval '1 hour') from t
select generate_series(timestamp '2024-01-01', timestamp '2024-01-03', interval '1 day')
select min(appended_at), max(appended_at), max(appended_at) - min(appended_at) from s
select appended_at::date, count(*) from s group by 1
select date_trunc('second', appended_at), appended_at + interval '1 hour' from s where entry_id = 3
set timezone = 'Europe/Berlin'
select timestamptz '2024-03-31 00:30:00+00', timestamptz '2024-03-31 01:30:00+00', '2024-03-31 02:30:00'::timestamptz, '2024-10-27 02:30:00'::timestamptz
select timestamptz '2024-03-30 02:30:00' + interval '1 day', timestamptz '2024-03-30 02:30:00' + interval '24 hours', date '2024-03-31'::timestamptz
select '2024-06-01 12:00'::timestamptz::date, '2024-06-01 23:30+00'::timestamptz::date, '2024-06-01 23:30+00'::timestamptz::time, extract(timezone from timestamptz '2024-06-01 12:00')
set datestyle = 'SQL, DMY'
select timestamptz '2024-06-01 12:00+00', date '2024-06-01', '03/04/2024'::date
set datestyle = 'Postgres, MDY'
select timestamptz '2024-06-01 12:00+00', date '2024-06-01', timestamp '2024-06-01 12:00:01.5'
set datestyle = 'German'
select timestamptz '2024-06-01 12:00+00', date '2024-06-01'
set datestyle = 'ISO, MDY'
set timezone = 'UTC'
set intervalstyle = 'iso_8601'
select interval '1 year 2 mons 3 days 04:05:06.789', interval '-1 day', interval '0'
set intervalstyle = 'sql_standard'
select interval '1 year 2 mons 3 days 04:05:06.789', interval '3 days 04:05:06', interval '1 year -1 mon', interval '0'
set intervalstyle = 'postgres_verbose'
select interval '1 year 2 mons 3 days 04:05:06.789', interval '-3 days 04:05:06', interval '0'
set intervalstyle = 'postgres'
set bytea_output = 'escape'
select '\x00ff41'::bytea
set bytea_output = 'hex'
set extra_float_digits = 0
select 0.1::float8 + 0.2::float8, 1e15::float8, 1e16::float8, 1.0::float4 / 3
set extra_float_digits = 1
select 0.1::float8 + 0.2::float8, 1e15::float8, 1e16::float8, 1.0::float4 / 3, 1e-5::float8, 123456789.0::float4, 'NaN'::float8, '-Infinity'::float8
select to_char('178000000 years'::interval, 'Q WW W CC'), to_char('3 years 2 mons'::interval, 'DDD WW')
