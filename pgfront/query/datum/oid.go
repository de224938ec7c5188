package datum

// OID names a type as PostgreSQL does on the wire.
type OID uint32

// The types that the code refers to by name. All others come from package pgdata.
const (
	BoolOID                    OID = 16
	ByteaOID                   OID = 17
	CharOID                    OID = 18
	NameOID                    OID = 19
	Int8OID                    OID = 20
	Int2OID                    OID = 21
	Int2VectorOID              OID = 22
	Int4OID                    OID = 23
	RegprocOID                 OID = 24
	TextOID                    OID = 25
	OIDOID                     OID = 26
	TidOID                     OID = 27
	XidOID                     OID = 28
	CidOID                     OID = 29
	OIDVectorOID               OID = 30
	JSONOID                    OID = 114
	XMLOID                     OID = 142
	PgNodeTreeOID              OID = 194
	Float4OID                  OID = 700
	Float8OID                  OID = 701
	UnknownOID                 OID = 705
	ACLItemOID                 OID = 1033
	BPCharOID                  OID = 1042
	VarcharOID                 OID = 1043
	DateOID                    OID = 1082
	TimeOID                    OID = 1083
	TimestampOID               OID = 1114
	TimestamptzOID             OID = 1184
	IntervalOID                OID = 1186
	TimetzOID                  OID = 1266
	NumericOID                 OID = 1700
	RegprocedureOID            OID = 2202
	RegoperOID                 OID = 2203
	RegoperatorOID             OID = 2204
	RegclassOID                OID = 2205
	RegtypeOID                 OID = 2206
	RecordOID                  OID = 2249
	CstringOID                 OID = 2275
	AnyOID                     OID = 2276
	AnyArrayOID                OID = 2277
	VoidOID                    OID = 2278
	TriggerOID                 OID = 2279
	InternalOID                OID = 2281
	AnyElementOID              OID = 2283
	RecordArrayOID             OID = 2287
	AnyNonArrayOID             OID = 2776
	UUIDOID                    OID = 2950
	AnyEnumOID                 OID = 3500
	JSONBOID                   OID = 3802
	AnyRangeOID                OID = 3831
	RegconfigOID               OID = 3734
	RegdictionaryOID           OID = 3769
	JSONPathOID                OID = 4072
	RegnamespaceOID            OID = 4089
	RegroleOID                 OID = 4096
	RegcollationOID            OID = 4191
	AnyMultirangeOID           OID = 4537
	AnyCompatibleMultirangeOID OID = 4538
	PgLsnOID                   OID = 3220
	AnyCompatibleOID           OID = 5077
	AnyCompatibleArrayOID      OID = 5078
	AnyCompatibleNonArrayOID   OID = 5079
	AnyCompatibleRangeOID      OID = 5080

	BoolArrayOID        OID = 1000
	ByteaArrayOID       OID = 1001
	CharArrayOID        OID = 1002
	NameArrayOID        OID = 1003
	Int2ArrayOID        OID = 1005
	Int4ArrayOID        OID = 1007
	TextArrayOID        OID = 1009
	VarcharArrayOID     OID = 1015
	Int8ArrayOID        OID = 1016
	Float4ArrayOID      OID = 1021
	Float8ArrayOID      OID = 1022
	OIDArrayOID         OID = 1028
	ACLItemArrayOID     OID = 1034
	TimestampArrayOID   OID = 1115
	TimestamptzArrayOID OID = 1185
	NumericArrayOID     OID = 1231
	CstringArrayOID     OID = 1263
)
