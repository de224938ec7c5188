package query

import "walle/pgfront/query/datum"

// NewCodec makes the codec for env's session as its settings are now. The session keeps it
// until a setting or the catalog changes.
func NewCodec(env Env) *Codec { return datum.NewCodec(datum.DefaultStyle(), nil) }
