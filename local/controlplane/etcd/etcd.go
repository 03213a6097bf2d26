// Package etcd runs one embedded etcd member on loopback, reachable only with a client certificate.
package etcd

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

const readyWithin = 60 * time.Second

// Run serves until SIGTERM or SIGINT, closes the store and returns nil; it returns an error when the
// member cannot start or fails while serving.
//
// Flags: --data-dir, --client-port, --peer-port, --ca-file, --cert-file, --key-file,
// --unsafe-no-fsync (default false: a committed write survives a crash of the machine).
func Run(args []string) error {
	config, err := parse(args)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("cannot start on %s: %w", config.Dir, err)
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
	case <-stop:
		return nil
	case <-time.After(readyWithin):
		return fmt.Errorf("not ready after %s", readyWithin)
	}
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}

func parse(args []string) (*embed.Config, error) {
	flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
	dir := flags.String("data-dir", "", "directory of the store")
	clientPort := flags.Int("client-port", 0, "loopback port for clients")
	peerPort := flags.Int("peer-port", 0, "loopback port for peers")
	ca := flags.String("ca-file", "", "certificate authority that signs every client")
	cert := flags.String("cert-file", "", "certificate")
	key := flags.String("key-file", "", "private key")
	noFsync := flags.Bool("unsafe-no-fsync", false, "do not wait for the disk")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if *dir == "" || *clientPort == 0 || *peerPort == 0 || *ca == "" || *cert == "" || *key == "" {
		return nil, fmt.Errorf("--data-dir, --client-port, --peer-port, --ca-file, --cert-file and --key-file are required")
	}
	tls := transport.TLSInfo{TrustedCAFile: *ca, CertFile: *cert, KeyFile: *key, ClientCertAuth: true}
	config := embed.NewConfig()
	config.Dir = *dir
	config.LogLevel = "warn"
	config.UnsafeNoFsync = *noFsync
	config.ClientTLSInfo, config.PeerTLSInfo = tls, tls
	config.ListenClientUrls = loopback(*clientPort)
	config.AdvertiseClientUrls = config.ListenClientUrls
	config.ListenPeerUrls = loopback(*peerPort)
	config.AdvertisePeerUrls = config.ListenPeerUrls
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	return config, nil
}

func loopback(port int) []url.URL {
	return []url.URL{{Scheme: "https", Host: fmt.Sprintf("127.0.0.1:%d", port)}}
}
