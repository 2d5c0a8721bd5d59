// @ts-check
/* The same for agents, keys, and what alarms. */
import './app.js';
import { alarm } from './_alarm.js';
import { keys } from './_keys.js';

keys();
alarm();
