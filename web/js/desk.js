// @ts-check
/* The same for agents, keys, and what alarms. */
import './app.js';
import { alarm } from './_alarm.js';
import { kb } from './_kb.js';
import { keys } from './_keys.js';
import { picks } from './_pick.js';
import { previews } from './_preview.js';
import { push } from './_push.js';

keys();
kb();
picks();
previews();
push();
alarm();
