#!/usr/bin/env python3
"""Makes src/calendar/cases.tsv: calendar_oracle.py > src/calendar/cases.tsv

Another way to the same answers: every minute is looked at with Python's zoneinfo and dateutil, slowly and without any of
the program's reasoning. Needs python3-dateutil. Run it again when cases are added; the test reads the file only."""
import json, datetime as dt
from zoneinfo import ZoneInfo
from dateutil import easter, rrule

UTC = dt.timezone.utc
DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
WEEK = {d: [["09:00", "17:00"]] for d in DAYS[:5]}
SPLIT = {d: [["08:00", "12:00"], ["13:00", "18:00"]] for d in DAYS[:5]}
NIGHT = {"fri": [["22:00", "06:00"]], "mon": [["20:00", "24:00"]], "wed": [["00:00", "24:00"]]}
ALL = {"always": True}
EVERY = {d: [["00:00", "24:00"]] for d in DAYS}
EARLY = {d: [["01:00", "05:00"]] for d in DAYS}
HALF = {d: [["02:30", "02:45"], ["03:10", "03:20"]] for d in DAYS}
LATE = {d: [["23:00", "01:00"]] for d in DAYS}
COL = dict(SPLIT, holidays=[{"yearly": "01-01", "name": "New Year"}, {"yearly": "01-06", "move": "monday", "name": "Epiphany"},
    {"easter": -3, "name": "Thursday"}, {"easter": -2, "name": "Friday"}, {"easter": 43, "name": "Ascension"}, {"yearly": "05-01"},
    {"yearly": "07-20"}, {"yearly": "12-25", "name": "Christmas"}, {"yearly": "11-01", "move": "monday"}])
US = dict(WEEK, holidays=[{"yearly": "07-04", "move": "nearest-weekday"}, {"yearly": "01-01", "move": "nearest-weekday"},
    {"month": 11, "weekday": "thu", "nth": 4, "name": "Thanksgiving"}, {"month": 5, "weekday": "mon", "nth": -1},
    {"yearly": "12-25", "move": "weekend-monday"}])
EXC = dict(SPLIT, holidays=["2026-12-25", {"from": "2026-12-28", "to": "2026-12-31", "name": "between the years"}, "02-29"],
    exceptions=[{"date": "2026-12-24", "hours": [["08:00", "12:00"]], "name": "Christmas Eve"}, {"date": "2026-12-30", "hours": [["10:00", "11:00"]]},
                {"date": "2026-11-28", "hours": [["22:00", "03:00"]], "name": "migration"}, {"yearly": "11-15", "hours": [["09:00", "10:00"]]},
                {"date": "2026-11-26", "hours": []}])
RR = dict(WEEK, holidays=[{"rrule": "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "start": "2020-11-26"},
    {"rrule": "FREQ=MONTHLY;BYDAY=-1FR", "start": "2026-01-30", "except": ["2026-11-27"]}, {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=10", "start": "2026-03-04", "days": 2},
    {"rrule": "FREQ=YEARLY", "start": "2024-02-29"}, {"rrule": "FREQ=DAILY;UNTIL=20260807", "start": "2026-08-03"}])
CALENDARS = {
    'utc': ('UTC', WEEK), 'bogota': ('America/Bogota', SPLIT), 'col': ('America/Bogota', COL), 'us': ('America/New_York', US),
    'madrid': ('Europe/Madrid', SPLIT), 'madrid-early': ('Europe/Madrid', EARLY), 'madrid-half': ('Europe/Madrid', HALF), 'madrid-always': ('Europe/Madrid', ALL),
    'madrid-every': ('Europe/Madrid', EVERY), 'ny-early': ('America/New_York', EARLY), 'ny-late': ('America/New_York', LATE), 'night': ('Europe/Berlin', NIGHT),
    'kolkata': ('Asia/Kolkata', SPLIT), 'kathmandu': ('Asia/Kathmandu', SPLIT), 'lordhowe': ('Australia/Lord_Howe', EARLY), 'stjohns': ('America/St_Johns', EARLY),
    'chatham': ('Pacific/Chatham', EARLY), 'apia': ('Pacific/Apia', SPLIT), 'apia-every': ('Pacific/Apia', EVERY), 'saopaulo': ('America/Sao_Paulo', LATE),
    'cairo': ('Africa/Cairo', LATE), 'dublin': ('Europe/Dublin', EARLY), 'casablanca': ('Africa/Casablanca', EARLY), 'caracas': ('America/Caracas', SPLIT),
    'havana': ('America/Havana', LATE), 'santiago': ('America/Santiago', LATE), 'pyongyang': ('Asia/Pyongyang', EVERY), 'exc': ('America/Bogota', EXC), 'rr': ('Europe/Paris', RR),
    'kiritimati': ('Pacific/Kiritimati', EVERY), 'troll': ('Antarctica/Troll', EARLY), 'tehran': ('Asia/Tehran', LATE),
}


def special_days(cal, years):
    """{date: (rank, hours or None, tail)}"""
    out = {}

    def put(d, rank, hours):
        if d not in out or out[d][0] > rank:
            out[d] = (rank, hours)
    for lst, exc in (('exceptions', True), ('holidays', False)):
        for e in cal.get(lst, []):
            if isinstance(e, str):
                e = {'date': e}
            hours = e.get('hours') if exc else None
            dates, rule = [], False
            sel = e.get('yearly') or (e.get('date') if len(e.get('date', '')) == 5 else None)
            if 'rrule' in e:
                start = dt.datetime.fromisoformat(e['start'])
                for o in rrule.rrulestr(e['rrule'], dtstart=start).between(start, dt.datetime(2035, 1, 1), inc=True):
                    if o.date().isoformat() not in e.get('except', []):
                        dates += [o.date() + dt.timedelta(i) for i in range(e.get('days', 1))]
            elif sel or 'weekday' in e or 'easter' in e:
                rule = True
                for y in years:
                    d = None
                    if 'easter' in e:
                        d = easter.easter(y) + dt.timedelta(e['easter'])
                    elif 'weekday' in e:
                        ds = [dt.date(y, e['month'], 1) + dt.timedelta(i) for i in range(31)]
                        ds = [x for x in ds if x.month == e['month'] and DAYS[x.weekday()] == e['weekday']]
                        i = e['nth'] - 1 if e['nth'] > 0 else e['nth']
                        d = ds[i] if -len(ds) <= i < len(ds) else None
                    else:
                        try:
                            d = dt.date(y, int(sel[:2]), int(sel[3:]))
                        except ValueError:
                            continue
                    mv, w = e.get('move'), d.weekday()
                    if mv == 'monday':
                        while d.weekday() != 0:
                            d += dt.timedelta(1)
                    elif mv == 'weekend-monday' and w >= 5:
                        d += dt.timedelta(7 - w)
                    elif mv == 'nearest-weekday' and w >= 5:
                        d += dt.timedelta(-1 if w == 5 else 1)
                    dates.append(d)
            elif 'date' in e:
                dates = [dt.date.fromisoformat(e['date'])]
            else:
                a, b = dt.date.fromisoformat(e['from']), dt.date.fromisoformat(e['to'])
                dates = [a + dt.timedelta(i) for i in range((b - a).days + 1)]
            for d in dates:
                put(d, (0 if exc else 2) + rule, hours)
    return out


def minute(z):
    return int(z[:2]) * 60 + int(z[3:])


class Oracle:
    def __init__(self, key):
        zone, self.cal = CALENDARS[key]
        self.zone = ZoneInfo(zone)
        self.special = special_days(self.cal, range(2005, 2035))

    def week(self, d, after):
        """weekly intervals of date d; after: what runs into the next day"""
        if self.cal.get('always'):
            return [] if after else [(0, 1440)]
        r = []
        for a, b in self.cal.get(DAYS[d.weekday()], []):
            a, b = minute(a), minute(b)
            if b <= a:
                r.append((0, b) if after else (a, 1440))
            elif not after:
                r.append((a, b))
        return r

    def hours(self, d):
        y = d - dt.timedelta(1)
        s, before = self.special.get(d), self.special.get(y)
        if s is None:
            r = self.week(d, False) + self.week(y, True)
        elif s[1] is None:
            r = []
        else:
            r = [(minute(a), minute(b) if minute(b) > minute(a) else 1440) for a, b in s[1]]
        if before and before[1]:
            r += [(0, minute(b)) for a, b in before[1] if minute(b) <= minute(a)]
        return r

    def open(self, t):
        w = t.astimezone(self.zone)
        if w.date() not in getattr(self, 'memo', {}):
            self.memo = {w.date(): self.hours(w.date())}
        m = w.hour * 60 + w.minute
        return any(a <= m < b for a, b in self.memo[w.date()])

    def between(self, a, b):
        n = 0
        while a < b:
            n += self.open(a)
            a += dt.timedelta(minutes=1)
        return n

    def add(self, a, n):
        while n:
            n -= self.open(a)
            a += dt.timedelta(minutes=1)
        return a


def iso(t):
    return t.strftime('%Y-%m-%dT%H:%M:%SZ')


def cases():
    """(why, calendar, from, hours to look over, minutes to add)"""
    changes = {  # calendar: days around which something odd happens
        'madrid-early': ['2026-03-28', '2026-10-24', '2027-03-27', '2045-03-25', '2045-10-28'], 'madrid-half': ['2026-03-28', '2026-10-24', '2040-10-27'], 'madrid': ['2026-03-27', '2026-10-23'],
        'madrid-always': ['2026-03-28', '2026-10-24'], 'madrid-every': ['2026-03-28', '2026-10-24'], 'ny-early': ['2026-03-07', '2026-10-31', '2007-03-10', '2006-10-28'],
        'ny-late': ['2026-03-07', '2026-10-31'], 'night': ['2026-03-27', '2026-10-23', '2026-11-27', '2026-12-30'], 'kolkata': ['2026-11-22'], 'kathmandu': ['2026-11-22'],
        'lordhowe': ['2026-04-04', '2026-10-03'], 'stjohns': ['2026-03-07', '2026-10-31', '2010-11-06'], 'chatham': ['2026-04-04', '2026-09-26'], 'apia': ['2011-12-28', '2011-12-29', '2012-03-30'],
        'apia-every': ['2011-12-28', '2011-12-29', '2011-12-30'], 'saopaulo': ['2018-11-03', '2018-02-16', '2017-10-14'], 'cairo': ['2026-04-23', '2026-10-29', '2024-04-25'], 'dublin': ['2026-03-28', '2026-10-24'],
        'casablanca': ['2026-02-14', '2026-03-21', '2027-02-06'], 'caracas': ['2007-12-08', '2016-04-30'], 'havana': ['2026-03-07', '2026-10-31'], 'santiago': ['2026-04-04', '2026-09-05'],
        'pyongyang': ['2015-08-14', '2018-05-04'], 'kiritimati': ['2026-01-01'], 'troll': ['2026-03-28', '2026-10-24'], 'tehran': ['2022-03-20', '2022-09-20'],
        'col': ['2026-01-09', '2026-04-01', '2026-05-15', '2027-01-01', '2026-10-30', '2024-03-27'], 'us': ['2026-07-02', '2026-11-25', '2021-12-30', '2022-12-23', '2026-05-22', '2027-12-24'],
        'exc': ['2026-12-23', '2026-12-29', '2026-11-27', '2028-02-28', '2026-11-13', '2026-11-25', '2026-12-31'], 'rr': ['2026-11-24', '2026-10-29', '2026-03-03', '2028-02-28', '2026-08-01', '2026-07-01'],
        'utc': ['2026-11-20', '2024-02-28', '2023-02-28', '2026-12-31'], 'bogota': ['2026-11-20', '2026-12-31', '2000-02-28'],
    }
    for cal, days in changes.items():
        for d in days:
            base = dt.datetime.fromisoformat(d).replace(tzinfo=UTC)
            yield f'{d} over four days', cal, base, 96, 600
            yield f'{d} in the evening', cal, base + dt.timedelta(hours=17, minutes=37), 41, 61
            yield f'{d} from the next noon', cal, base + dt.timedelta(hours=36, minutes=5), 63, 1500
    for cal in ('col', 'madrid', 'us', 'night'):
        yield 'a whole year', cal, dt.datetime(2026, 1, 1, tzinfo=UTC), 365 * 24, 60000
    yield 'a leap year', 'col', dt.datetime(2028, 1, 1, tzinfo=UTC), 366 * 24, 100000


def main():
    print('# Made by tests/calendar_oracle.py; one case a line. "@": a calendar with its zone and text.')
    for k, (zone, cal) in CALENDARS.items():
        print(f'@{k}\t{zone}\t{json.dumps(cal)}')
    for why, cal, t, hours, minutes in cases():
        o = Oracle(cal)
        end = t + dt.timedelta(hours=hours)
        print(f'between\t{cal}\t{iso(t)}\t{iso(end)}\t{o.between(t, end)}\t{cal}: {why}')
        print(f'add\t{cal}\t{iso(t)}\t{minutes}\t{iso(o.add(t, minutes))}\t{cal}: {why}')


main()
