import { testCluster } from './cluster.ts';
import { joinKubelet, type TestImage, type TestKubelet, type TestKubeletOptions } from './kubelet-process.ts';

export type { TestImage, TestKubelet, TestKubeletOptions } from './kubelet-process.ts';

interface TestHooks {
  after(fn: () => unknown): void;
}

/**
 * Joins a node named `node` to the test cluster with the given image map and starts it; pods reach it by nodeSelector
 * `kubernetes.io/hostname: node` and a toleration of its taint. Stopped, with its pods, after the test, or
 * with the cluster when `t` is `clusterLife`.
 */
export async function testKubelet(
  t: TestHooks,
  node: string,
  images: Record<string, TestImage>,
  options: TestKubeletOptions = {},
): Promise<TestKubelet> {
  const kubelet = await joinKubelet(await testCluster(), node, images, options);
  t.after(() => kubelet.remove());
  return kubelet;
}
