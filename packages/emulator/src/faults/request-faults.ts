import type { IncomingMessage } from 'node:http';
import type { InterceptedExchange } from '../devices/interceptor';
import type { Link } from '../devices/tcp/tcp-connection';
import type { AnswerAction, GarbageKind } from './action-types';
import { holdOn } from './hold-on';
import { answerBody } from './response';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';

const NOT_HTTP = 'this is not a response\r\n\r\n';
const NOT_JSON = '<html><body>502 Bad Gateway</body></html>';
const HALF = '{"half":';

/** One stroke at a request. */
export interface HttpStrike {
  readonly subject: Subject;
  readonly exchange: InterceptedExchange;
  readonly link: Link;
  /** Deals with the request as if there were no fault. */
  readonly proceed: () => void;
}

/** Runs something when the client has sent all that it wants to: clients do not listen while they send. */
function onceRead(request: IncomingMessage, run: () => void): void {
  request.resume();
  request.once('end', run);
}

/** Strikes at requests over HTTPS. */
export class HttpStrikes {
  readonly #services: ServiceActions;

  constructor(services: ServiceActions) {
    this.#services = services;
  }

  run(strike: HttpStrike): void {
    const { subject, exchange, link, proceed } = strike;
    const { action } = subject.fault.init;
    if ('when' in action && action.when === 'after') {
      this.#after(strike);
      return;
    }
    switch (action.kind) {
      case 'close':
        link.end();
        return;
      case 'reset':
        link.reset();
        return;
      case 'delay':
        this.#delay(strike, action.ms, proceed);
        return;
      case 'ignore':
        link.exempt();
        return;
      case 'answer':
        this.#answer(exchange, action, subject);
        return;
      case 'garbage':
        this.#sendGarbage(strike, action.what);
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed();
    }
  }

  #after(strike: HttpStrike): void {
    const { subject, exchange, link, proceed } = strike;
    const { action } = subject.fault.init;
    const { response } = exchange;
    if (action.kind === 'close') response.withhold(() => link.end());
    else if (action.kind === 'reset') response.withhold(() => link.reset());
    else if (action.kind === 'ignore') response.withhold(() => link.exempt());
    else if (action.kind === 'delay') {
      const { ms } = action;
      response.withhold((send) => this.#delay(strike, ms, send));
    } else if (isServiceAction(action)) response.once('close', () => this.#services.run(action, subject));
    proceed();
  }

  #delay({ subject, link }: HttpStrike, ms: number, run: () => void): void {
    link.exempt();
    const end = (): void => {
      clearTimeout(timer);
      done();
      if (!link.isClosed) run();
    };
    const timer = setTimeout(end, ms).unref();
    link.onClosed(() => clearTimeout(timer));
    const done = holdOn(link, subject.fault, end);
  }

  #answer({ request, response }: InterceptedExchange, action: AnswerAction, { service }: Subject): void {
    const { status, retryAfterSeconds, body } = action;
    const text = answerBody(action);
    // IoT Hub puts its details into a string of JSON; DPS does not.
    const isWrapped = service?.kind === 'hub' && body === undefined && text !== '';
    response.statusCode = status;
    if (text !== '') response.setHeader('content-type', 'application/json; charset=utf-8');
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
    onceRead(request, () =>
      response.end(isWrapped ? JSON.stringify({ Message: text, ExceptionMessage: '' }) : text),
    );
  }

  #sendGarbage({ exchange, link }: HttpStrike, what: GarbageKind): void {
    const { request, response } = exchange;
    onceRead(request, () => {
      if (what === 'not-http') {
        response.socket?.write(NOT_HTTP);
        link.end();
      } else if (what === 'not-json') {
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(NOT_JSON);
      } else {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 * HALF.length });
        response.write(HALF, () => link.end());
      }
    });
  }
}
