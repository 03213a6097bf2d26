import { type KubeClient, type KubeObject, SELF_REVIEWS } from '#lib/kube';

/** The user that the API server takes whoever asks for. */
export async function whoAmI(client: KubeClient): Promise<string> {
  const review = await client.create(SELF_REVIEWS, { metadata: {} } as KubeObject);
  return (review.status as { userInfo: { username: string } }).userInfo.username;
}
