package grpcnet

import (
	"google.golang.org/grpc"
)

const (
	serviceName = "walle.Node"
	methodLive  = "/" + serviceName + "/Live"
	methodBulk  = "/" + serviceName + "/Bulk"
	methodScan  = "/" + serviceName + "/Scan"
	methodCall  = "/" + serviceName + "/Call"
	methodHello = "/" + serviceName + "/Hello"
)

// service describes to gRPC what a Net answers. Every method is a stream, also
// where one message goes each way: so the badge is checked before a message is
// read.
func service() *grpc.ServiceDesc {
	method := func(name string, serve func(*Net, grpc.ServerStream) error) grpc.StreamDesc {
		return grpc.StreamDesc{
			StreamName: name, ClientStreams: true, ServerStreams: true,
			Handler: func(srv any, s grpc.ServerStream) error { return serve(srv.(*Net), s) },
		}
	}
	return &grpc.ServiceDesc{ServiceName: serviceName, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		method("Live", (*Net).serveLive),
		method("Bulk", (*Net).serveBulk),
		method("Scan", (*Net).serveScan),
		method("Call", (*Net).serveCall),
		method("Hello", (*Net).serveHello),
	}}
}

func (n *Net) serveLive(s grpc.ServerStream) error {
	p, err := n.admit(s.Context())
	if err != nil {
		return err
	}
	return p.live.serve(s)
}

func (n *Net) serveBulk(s grpc.ServerStream) error {
	p, err := n.admit(s.Context())
	if err != nil {
		return err
	}
	return p.bulk.serve(s)
}
