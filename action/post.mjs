// The end of the job: sends what is left to the remote tiers, and writes the summary.

import { finish } from './src/finish.mjs';
import { guard } from './src/guard.mjs';

await guard(finish);
