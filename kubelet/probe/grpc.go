package probe

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	v1 "k8s.io/api/core/v1"
)

// health asks the standard gRPC health service, without TLS, as the kubelet does.
func health(ctx context.Context, target Target, action *v1.GRPCAction) error {
	conn, err := grpc.NewClient("passthrough:///container",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return target.Dial(ctx, int(action.Port)) }))
	if err != nil {
		return err
	}
	defer conn.Close()
	asked := &healthv1.HealthCheckRequest{}
	if action.Service != nil {
		asked.Service = *action.Service
	}
	answer, err := healthv1.NewHealthClient(conn).Check(ctx, asked)
	if err != nil {
		return fmt.Errorf("the gRPC health check failed: %w", err)
	}
	if answer.Status != healthv1.HealthCheckResponse_SERVING {
		return fmt.Errorf("the gRPC service %q says %s", asked.Service, answer.Status)
	}
	return nil
}
