import dns from 'node:dns';
import { getSystemErrorMap } from 'node:util';
import { provisionDevice } from 'azure-iot-x509';
import { createSelfSignedCertificate } from 'azure-iot-certificates';
import { TimeoutError } from '../../src/errors/errors';
import { explainSocketError } from '../../src/errors/socket-error';

/* Every error of the system has an explanation that fits it, and never one of TLS. */

const HOST = 'hub.example.net:8883';

function explain(code: string, message = `connect ${code} 192.0.2.1:8883`) {
  return explainSocketError(Object.assign(new Error(message), { code }), HOST);
}

test.each([...getSystemErrorMap().values()].map(([code]) => code))(
  'the system error %s is not taken for a failure of TLS',
  (code) => {
    const { code: explained, message, remedy, isTransient } = explain(code);
    expect(explained).not.toBe('TLS_FAILED');
    expect(remedy).not.toContain('TLS');
    expect(message).toMatch(/^[A-Z].*\.$|^hub\.example\.net.*\.$/);
    expect(`${message} ${remedy}`).not.toMatch(/\bHOST\b/);
    // Only a name that does not exist needs a change.
    expect(isTransient ?? false).toBe(explained !== 'HOST_NOT_FOUND');
  },
);

test.each([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENOTDIR',
])('%s is a transient failure of this machine', (code) => {
  const { code: explained, message, isTransient } = explain(code);
  expect([explained, isTransient]).toEqual(['LOCAL_FAILURE', true]);
  expect(message).toContain(`This machine`);
  expect(message).toContain(HOST);
});

test.each([0, 77, 255])(
  'the TLS alert %d, which OpenSSL has no name for, is named by its number',
  (number) => {
    const text = `write EPROTO 80BC8A2F7F7F0000:error:0A00${(1000 + number).toString(16).padStart(4, '0')}:SSL routines:ssl3_read_bytes:reason(${1000 + number}):../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number ${number}\n`;
    const { code, message, remedy } = explain('EPROTO', text);
    expect(code).toBe('TLS_FAILED');
    expect(message).toBe(
      `${HOST} refused the TLS connection: it gave a reason that this machine does not know (TLS alert ${number}).`,
    );
    expect(remedy).not.toContain('speaks TLS');
  },
);

describe('when all addresses of a host fail', () => {
  const failed = (...codes: readonly string[]) => {
    const errors = codes.map((code, index) =>
      Object.assign(new Error(`connect ${code}`), { code, address: `2001:db8::${index}` }),
    );
    return Object.assign(new AggregateError(errors), { code: codes[0] ?? '' });
  };

  test('the one that accepted nothing explains more than the one that has no route', () => {
    const { code, message } = explainSocketError(failed('ENETUNREACH', 'ECONNREFUSED'), HOST);
    expect(code).toBe('CONNECTION_REFUSED');
    expect(message).toBe(
      `Nothing accepts connections at ${HOST} (2001:db8::0 ENETUNREACH, 2001:db8::1 ECONNREFUSED).`,
    );
  });

  test('equal failures are told once', () => {
    const { code, message } = explainSocketError(failed('EMFILE', 'EMFILE'), HOST);
    expect(code).toBe('LOCAL_FAILURE');
    expect(message).not.toContain('2001:db8');
  });
});

test('an alert that a write has met is explained as one that was read', () => {
  const text =
    'write EPROTO 80BC8A2F7F7F0000:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 48\n';
  expect(explain('EPROTO', text)).toMatchObject({
    code: 'UNAUTHORIZED',
    message: expect.stringContaining('(TLS alert 48, unknown CA)') as string,
  });
});

test('an error of OpenSSL is told without the place in its source', () => {
  const text =
    '80BC8A2F7F7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:355:\n';
  expect(explain('ERR_SSL_WRONG_VERSION_NUMBER', text).message).toBe(
    `No secure connection to ${HOST} could be made: wrong version number (ERR_SSL_WRONG_VERSION_NUMBER).`,
  );
});

test('a process without free file descriptors gets a transient error of its own machine', async () => {
  const { certificate: cert, privateKey: key } = await createSelfSignedCertificate({
    commonName: 'dev-1',
    subject: { organization: 'Contoso' },
  });
  const error = Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' });
  const spy = jest.spyOn(dns, 'lookup').mockImplementation((...parameters: readonly unknown[]) => {
    (parameters.at(-1) as (reason: Error) => void)(error);
  });
  const options = { enrollment: 'hub-individual', idScope: '0ne00ABCDEF', cert, key } as const;
  await expect(provisionDevice({ ...options, globalEndpoint: 'dps.example.net' })).rejects.toMatchObject({
    ...{ code: 'LOCAL_FAILURE', service: 'dps', isTransient: true },
  });
  spy.mockRestore();
});

test('invisible characters are shown as escapes in every message and remedy', () => {
  const text = 'scope\u200b \u00a0\u202e\u0007\ufeff\u3164\u{e0061}\nnext';
  const { message, remedy } = new TimeoutError({ message: text, remedy: text });
  const shown = String.raw`scope\u200b \u00a0\u202e\u0007\ufeff\u3164\udb40\udc61` + '\nnext';
  expect([message, remedy]).toEqual([shown, shown]);
});
