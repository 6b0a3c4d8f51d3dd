# SPDX-License-Identifier: Apache-2.0
"""The console of a large system: the state that a manager gave, with 200 components in it, the next certificate of some staged, and an
update under way that reaches more of them each time that the page asks."""

import copy
import http.server
import json
import pathlib
import threading

WEB = pathlib.Path(__file__).resolve().parents[2] / 'web'
ROLES = ('ra', 'pca', 'la', 'eca', 'ma', 'crl-store', 'dcm', 'ica')
COMPONENTS, AT_ONCE = 200, 60
TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml'}


def grown(state, asked):
    """The state when the page asks for the asked-th time, from 1."""
    state, one, hour = copy.deepcopy(state), state['components'][0], 3600 * 1000000
    state['components'] = []
    for k in range(COMPONENTS):
        component = copy.deepcopy(one)
        component['name'] = '%s%d' % (ROLES[k % len(ROLES)], k // len(ROLES) + 1)
        component['trust']['role'] = ROLES[k % len(ROLES)]
        if k % 4 == 0:
            component['trust'].setdefault('identity', {})['staged'] = {'activate': state['time'] + hour}
        state['components'].append(component)
    if asked > 3:
        state['components'][7]['answers'] = False
    has = min(COMPONENTS - 1, AT_ONCE * asked)  # the last one never does
    late = asked > 4
    state['updates'] = [{'id': 9, 'time': state['time'], 'deadline': state['time'] + hour, 'missing': COMPONENTS - has, 'components': [
        {'component': component['name'], 'has': k < has, 'late': k >= has and late} for k, component in enumerate(state['components'])]}]
    return state


class Many(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state):
        self.state, self.asked = state, 0
        super().__init__(('127.0.0.1', 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = 'http://127.0.0.1:%d/' % self.server_address[1]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = WEB / ('console.html' if self.path == '/' else self.path[1:])
        if self.path == '/state':
            self.server.asked += 1
            body, kind = json.dumps(grown(self.server.state, self.server.asked)).encode(), 'application/json'
        elif path.parent == WEB and path.exists():
            body, kind = path.read_bytes(), TYPES[path.suffix]
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
