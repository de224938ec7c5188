package pgfront_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestExplainAppend: EXPLAIN ANALYZE of an INSERT tells for each replica how
// long it took, and of the whole no more than that.
func TestExplainAppend(t *testing.T) {
	s := serve(t, 3)
	conn := s.connect(0)
	exec(t, conn, "CREATE STREAM s", "CLAIM STREAM s", "INSERT INTO s (data) VALUES ('1')")
	var text string
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) INSERT INTO s (data) VALUES ($1), ('3')", []byte("2")).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var plans []struct {
		Append struct {
			First    int     `json:"First Entry"`
			Last     int     `json:"Last Entry"`
			Queue    float64 `json:"Queue Time"`
			Quorum   float64 `json:"Quorum Time"`
			Replicas []struct {
				Node    string
				Durable bool
				Total   float64  `json:"Total Time"`
				Network *float64 `json:"Network Time"`
				Write   float64  `json:"Write Time"`
			}
		}
		Took float64 `json:"Execution Time"`
	}
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	a := plans[0].Append
	if a.First != 2 || a.Last != 3 || a.Quorum <= 0 || plans[0].Took < a.Quorum || len(a.Replicas) != 3 {
		t.Errorf("%s", text)
	}
	durable := 0
	for i, r := range a.Replicas {
		if here := i == 0; here != (r.Network == nil) && r.Durable || r.Write > r.Total {
			t.Errorf("replica %s: %s", r.Node, text)
		}
		if r.Durable {
			durable++
		}
	}
	if durable < 2 {
		t.Errorf("%d replicas are durable: %s", durable, text)
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN ANALYZE INSERT INTO s (data) VALUES ('4')")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if all := strings.Join(lines, "\n"); rows.Err() != nil || !strings.Contains(all, "Append: entries 4..4, term 1") || !strings.Contains(all, "Replica n1: ") {
		t.Errorf("%s\n%v", all, rows.Err())
	}
}
