package history

import (
	"encoding/json"
	"io"
)

// Write writes the record, a JSON object a line, for people and programs to look at.
func (s *Stream) Write(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := json.NewEncoder(w)
	for _, a := range s.attempts {
		if err := out.Encode(map[string]any{"stream": s.Name, "attempt": a}); err != nil {
			return err
		}
	}
	for _, v := range s.views {
		if err := out.Encode(map[string]any{"stream": s.Name, "view": v}); err != nil {
			return err
		}
	}
	for _, l := range s.leases {
		if err := out.Encode(map[string]any{"stream": s.Name, "lease": l}); err != nil {
			return err
		}
	}
	for i, e := range s.entries {
		if err := out.Encode(map[string]any{"stream": s.Name, "id": i + 1, "entry": e}); err != nil {
			return err
		}
	}
	return nil
}
