// The step itself: installs cachewarden, and has the go commands of later steps start it.

import { prepare } from './src/prepare.mjs';
import { guard } from './src/guard.mjs';

await guard(prepare);
