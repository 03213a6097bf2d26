import { describeClient } from './client.contract.ts';
import { FakeClient } from './fake-client.ts';
import { FakeClock } from './fake-clock.ts';

describeClient('in memory', async () => ({ client: new FakeClient(new FakeClock()), namespace: 'ns' }));
