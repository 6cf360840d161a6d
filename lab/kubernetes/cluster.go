package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	// Metrics of client-go and of the workqueues, as the upstream programs serve them.
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

func init() {
	components["etcd"] = func() { etcdmain.Main(os.Args) }
	components["kube-apiserver"] = daemon(apiserver.NewAPIServerCommand)
	components["kube-controller-manager"] = daemon(controllermanager.NewControllerManagerCommand)
	components["kube-scheduler"] = daemon(func() *cobra.Command { return scheduler.NewSchedulerCommand() })
	components["kubelet"] = daemon(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) })
	components["kube-proxy"] = daemon(proxy.NewProxyCommand)
}

// daemon makes an entry point of a component's cobra command.
func daemon(command func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(command())) }
}
