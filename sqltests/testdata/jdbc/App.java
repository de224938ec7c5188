import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/** An application on JDBC: java App.java URL OTHER_URL. Ends with a trace on surprise. */
public class App {
    static void equal(Object got, Object want) {
        if (!Objects.equals(got, want)) throw new AssertionError("got " + got + ", want " + want);
    }

    interface Call { void run() throws SQLException; }

    static PSQLException fails(String state, Call call) throws SQLException {
        try {
            call.run();
        } catch (PSQLException e) {
            if (!e.getSQLState().equals(state)) throw e;
            return e;
        }
        throw new AssertionError("succeeded, expected " + state);
    }

    /** Lists the named columns of each row. */
    static List<String> list(ResultSet r, String... columns) throws SQLException {
        List<String> rows = new ArrayList<>();
        while (r.next()) {
            StringJoiner row = new StringJoiner(" ");
            for (String c : columns) row.add(r.getString(c));
            rows.add(row.toString());
        }
        return rows;
    }

    static void append(Connection c) throws SQLException {
        Statement s = c.createStatement();
        fails("55000", () -> s.execute("INSERT INTO jdbc (data) VALUES ('x')"));
        equal(list(s.executeQuery("CLAIM STREAM jdbc WITH (writer = 'java')"), "stream", "writer", "tail_entry_id"), List.of("jdbc java 0"));

        String sql = "INSERT INTO jdbc (data) VALUES (?)";
        PreparedStatement p = c.prepareStatement(sql, Statement.RETURN_GENERATED_KEYS);
        p.setBytes(1, new byte[] {0, -1});
        equal(p.executeUpdate(), 1);
        equal(list(p.getGeneratedKeys(), "entry_id", "term", "data"), List.of("1 1 \\x00ff"));
        p = c.prepareStatement(sql);
        for (int i = 0; i < 20; i++) { // a batch is sent as one: prepared on the server after the fifth
            p.setBytes(1, ("entry " + i).getBytes());
            p.addBatch();
        }
        equal(Arrays.stream(p.executeBatch()).sum(), 20);

        c.setAutoCommit(false);
        s.execute("INSERT INTO jdbc (data) VALUES ('a'), ('b')");
        Savepoint before = c.setSavepoint("before");
        s.execute("INSERT INTO jdbc (data) VALUES ('dropped')");
        c.rollback(before);
        c.commit();
        c.setAutoCommit(true);

        PreparedStatement again = c.prepareStatement("INSERT INTO jdbc (entry_id, data) VALUES (?, ?)");
        again.setLong(1, 24);
        again.setBytes(2, "exact".getBytes());
        equal(again.executeUpdate(), 1);
        if (!fails("23505", again::executeUpdate).getServerErrorMessage().getDetail().contains("24")) throw new AssertionError("no tail in the detail");
        again.setLong(1, 99);
        fails("22023", again::executeUpdate);
    }

    static void read(Connection c) throws SQLException {
        c.setAutoCommit(false); // or the fetch size is of no effect
        Statement s = c.createStatement();
        s.setFetchSize(5);
        equal(list(s.executeQuery("SELECT entry_id FROM jdbc"), "entry_id").size(), 24);
        PreparedStatement p = c.prepareStatement("SELECT *, ARRAY[entry_id, term] AS ids, '{\"a\": 1}'::jsonb AS doc FROM jdbc WHERE entry_id = ANY (?)");
        p.setArray(1, c.createArrayOf("int8", new Object[] {1L, 2L}));
        ResultSet r = p.executeQuery();
        while (r.next()) {
            equal(r.getLong("term"), 1L);
            equal(((Long[]) r.getArray("ids").getArray())[0], r.getLong("entry_id"));
            equal(r.getObject("appended_at", java.time.OffsetDateTime.class).getYear() > 2000, true);
            equal(r.getString("doc"), "{\"a\": 1}");
        }
        equal(p.getParameterMetaData().getParameterTypeName(1), "_int8");
        equal(r.getMetaData() == null, false);
        c.commit();
        c.setAutoCommit(true);
        if (!fails("0A000", () -> s.execute("UPDATE jdbc SET data = ''")).getServerErrorMessage().getHint().contains("INSERT")) throw new AssertionError("no hint");
        fails("22012", () -> s.execute("SELECT 1 / 0"));
        s.setQueryTimeout(1);
        fails("57014", () -> s.execute("SELECT pg_sleep(600)"));
        equal(c.isValid(10), true);
    }

    /** What tools ask of a database. */
    static void metaData(Connection c) throws SQLException {
        DatabaseMetaData d = c.getMetaData();
        equal(list(d.getTables(null, "public", "jd%", new String[] {"TABLE"}), "TABLE_NAME", "TABLE_TYPE"), List.of("jdbc TABLE"));
        equal(list(d.getTables(null, "walle", "nodes", null), "TABLE_NAME", "TABLE_TYPE"), List.of("nodes VIEW"));
        equal(list(d.getColumns(null, "public", "jdbc", "%"), "COLUMN_NAME", "TYPE_NAME", "NULLABLE"),
            List.of("entry_id int8 0", "term int8 0", "appended_at timestamptz 0", "data bytea 0"));
        equal(list(d.getPrimaryKeys(null, "public", "jdbc"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"), List.of("entry_id 1 jdbc_pkey"));
        equal(list(d.getIndexInfo(null, "public", "jdbc", true, false), "INDEX_NAME", "COLUMN_NAME", "NON_UNIQUE", "ASC_OR_DESC"), List.of("jdbc_pkey entry_id f A"));
        equal(list(d.getBestRowIdentifier(null, "public", "jdbc", DatabaseMetaData.bestRowSession, false), "COLUMN_NAME"), List.of("entry_id"));
        equal(list(d.getSchemas(), "TABLE_SCHEM"), List.of("information_schema", "pg_catalog", "public", "walle"));
        equal(list(d.getCatalogs(), "TABLE_CAT"), List.of("walle"));
        equal(list(d.getTypeInfo(), "TYPE_NAME").containsAll(List.of("int8", "bytea", "timestamptz", "jsonb")), true);
        equal(list(d.getFunctions(null, null, "date_trunc"), "FUNCTION_NAME").size(), 4);
        equal(d.getSQLKeywords().contains("bytea"), false);
        equal(d.getSQLKeywords().contains("ilike"), true);
        for (ResultSet none : new ResultSet[] {
            d.getImportedKeys(null, "public", "jdbc"), d.getExportedKeys(null, "public", "jdbc"), d.getProcedures(null, "public", "%"),
            d.getUDTs(null, null, "%", null), d.getCrossReference(null, "public", "jdbc", null, "public", "jdbc")}) {
            equal(list(none), List.of());
        }
        d.getColumnPrivileges(null, "public", "jdbc", "%");
        d.getTablePrivileges(null, "public", "jdbc");
        d.getFunctionColumns(null, null, "abs", "%");
        d.getProcedureColumns(null, null, "abs", "%");
        d.getVersionColumns(null, "public", "jdbc");
        d.getClientInfoProperties();
        d.getMaxIndexLength();
    }

    public static void main(String[] args) throws Exception {
        try (Connection c = DriverManager.getConnection(args[0]); Connection other = DriverManager.getConnection(args[1])) {
            c.createStatement().execute("CREATE STREAM jdbc WITH (lease = '2s')");
            append(c);
            read(other);
            metaData(c);
            equal(c.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY jdbc (data) FROM STDIN", new java.io.StringReader("one\ntwo\n")), 2L);
            other.createStatement().execute("CLAIM STREAM jdbc FORCE");
            fails("WA001", () -> c.createStatement().execute("INSERT INTO jdbc (data) VALUES ('lost')"));
        }
    }
}
