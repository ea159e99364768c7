import { describe, expect, it } from 'vitest';
import { GatewayPaths } from './gateway-paths.ts';
import { readGroupLabels } from './group-path.ts';

function labels(job: string, rest: string, isBase64 = false, allowsUtf8 = false) {
  return Object.fromEntries(readGroupLabels({ text: job, isBase64 }, rest, allowsUtf8));
}

describe('the labels of a group', () => {
  it('are those of the path, whatever their order and form', () => {
    expect(labels('j', '/a/1/b@base64/L3Zhcg')).toEqual({ job: 'j', a: '1', b: '/var' });
    expect(labels('YS9i', '/a/1/a/2/job/k', true)).toEqual({ job: 'a/b', a: '2' });
    expect(labels('j', '/instance@base64/==')).toEqual({ job: 'j' });
    expect(labels('j', '/x@base64/_w/x/1')).toEqual({ job: 'j', x: '1' });
    expect(labels('j', '/U__a_2e_b/1', false, true)).toEqual({
      job: 'j',
      'a.b': '1',
    });
  });

  it.each([
    ['j', '/a', 'odd number of components in label string "/a"'],
    ['j', '/bad-name/x', 'improper label name "bad-name"'],
    ['j', '/__x/x', 'improper label name "__x"'],
    [
      'j',
      '/x@base64/a+b',
      'invalid base64 encoding for label x="a+b": illegal base64 data at input byte 1',
    ],
    ['j', '/x@base64/_w', 'the value of label x is not valid UTF-8'],
    ['j', '/x@base64/_w/y', 'odd number of components in label string "/x@base64/_w/y"'],
    ['', '', 'job name is required'],
  ])('of %s%s are refused', (job, rest, message) => {
    expect(() => labels(job, rest)).toThrow(expect.objectContaining({ message, status: 400 }));
  });

  it('with UTF-8 names are checked once they are decoded', () => {
    expect(() => labels('j', '/U______x/1', false, true)).toThrow('improper label name');
  });

  it('tell of labels that are odd before a job that is missing', () => {
    expect(() => labels('', '/x')).toThrow('odd number of components in label string "/x"');
  });
});

describe('the paths of a gateway', () => {
  const paths = new GatewayPaths('/pg', ['/pg/metrics', '/pg/api/v1/metrics', '/pg/']);
  const find = (path: string) => paths.find(path, decodeURIComponent(path));

  it('name a group behind the prefix', () => {
    expect(find('/pg/metrics/job@base64/YQ/x/1')).toEqual({
      kind: 'group',
      job: { text: 'YQ', isBase64: true },
      rest: '/x/1',
    });
    expect(find('/metrics/job/j')).toEqual({ kind: 'none' });
  });

  it.each([
    ['/pg', '/pg/'],
    ['/pg//metrics', '/pg/metrics'],
    ['/pg/metrics/job/j/../k', '/pg/metrics/job/k'],
    ['/pg/Metrics/Job/J', '/pg/metrics/job/J'],
    ['/pg/metrics/', '/pg/metrics'],
    ['/pg/metrics/job/', '/pg/metrics/job'],
    ['/pg/api/v1/metrics/', '/metrics'],
    ['/..//evil.example/', '/evil.example/'],
    ['/pg//metrics/job/a%2Fb', '/pg/metrics/job/a%252Fb'],
    ['/PG/Metrics', '/pg/metrics'],
    ['/pg/METRICS/job/a%3Fb(c)', '/pg/metrics/job/a%3Fb%28c%29'],
    ['/pg/metrics/job@BASE64/YQ', '/pg/metrics/job@base64/YQ'],
    ['/pg/api/v1', '/pg/api/v1/'],
    ['/pg/api/v1/Metrics', '/metrics'],
  ])('that are not clean are redirected: %s', (path, location) => {
    expect(find(path)).toMatchObject({ kind: 'redirect', location });
  });

  it.each([
    '/pg/metrics/job@BASE64/YQ/x/1',
    '/pg/Metrics/job@base64/YQ/x/1',
    '/pg/metrics/job@base64/',
    '/pg/metrics/JOB/',
    '/pg/API/v1/metrics',
    '/pg/api/V1/metrics',
    '/metrics',
  ])('are none in some other cases, as in the original: %s', (path) => {
    expect(find(path)).toEqual({ kind: 'none' });
  });

  it('are not cleaned of what was escaped', () => {
    expect(find('/pg/metrics/job/a%2F%2Fb')).toMatchObject({ kind: 'group', rest: '//b' });
  });
});
