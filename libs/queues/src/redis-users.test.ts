import { expect, it } from 'vitest';
import { redisUsers } from './redis-users.ts';

it('the access list in deploy is the one of the roles', async () => {
  const list = redisUsers((role) => `#SHA256-OF-${role}`);
  await expect(list).toMatchFileSnapshot('../../../deploy/components/mtls/users.acl');
});
