"""Messages after RFC 4475 (torture tests), by their names there, sections 3.1 to 3.4. Each is made for the address it is sent to."""


def messages(host, port):
    to = f'{host}:{port}'
    via = f'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK'
    sdp = 'v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n' \
          'm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n'

    def m(name, line='INVITE', uri=None, cseq=None, more='', body='', ctype='application/sdp', frm=None, tt=None, cid=None, head=None, length=None):
        method = line
        return name, (f'{method} {uri or "sip:user@" + to} SIP/2.0\r\n' + (head if head is not None else
                      f'To: {tt or "<sip:user@" + to + ">"}\r\nFrom: {frm or "<sip:caller@example.net>;tag=" + name}\r\nMax-Forwards: 70\r\n'
                      f'Call-ID: {cid or name + ".torture@example.org"}\r\nCSeq: {cseq or "1 " + method}\r\n{via}{name}\r\nContact: <sip:caller@127.0.0.1:9>\r\n') +
                      more + (f'Content-Type: {ctype}\r\n' if body else '') +
                      f'Content-Length: {len(body) if length is None else length}\r\n\r\n' + body).encode('latin-1', 'replace')

    all_ = [
        # 3.1.1 valid
        ('wsinv', (f'INVITE sip:vivekg@{to};unknownparam SIP/2.0\r\nTO :\r\n sip:vivekg@{to} ;   tag    = 1918181833n\r\nfrom   : "J Rosenberg \\\\\\""       '
                   '<sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : '
                   f'{len(sdp)}\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled value\r\n'
                   ' continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nRoute:\r\n <sip:services.example.com;lr;'
                   'unknownwith=value;unknown-no-value>\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  '
                   '192.168.255.111   ; branch=\r\n z9hG4bK30239\r\nm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33'
                   '\r\n\r\n' + sdp).encode()),
        ('intmeth', ('!interesting-Method0123456789_*+`.%indeed\'~ sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn\'t-it)@' + to +
                     ' SIP/2.0\r\nVia: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`\'~\r\nTo: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)@example.com>\r\n'
                     'From: token1~` token2\'+_ token3*%!.- <sip:mundane@example.com>;fromParam\'\'~+*_!.-%="\xd1\x80\xd0\xb0";tag=_token~1\'+`*%!-.\r\nCall-ID: '
                     'intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{\r\nCSeq: 139122385 !interesting-Method0123456789_*+`.%indeed\'~\r\nMax-Forwards: 255\r\nextensionHeader-!.%*+_`\'~:'
                     '\xef\xbb\xbf\xe5\xa4\xa7\r\nContent-Length: 0\r\n\r\n').encode('latin-1')),
        m('esc01', uri=f'sip:sips%3Auser%40example.com@{to}', body=sdp, more='Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n'),
        m('escnull', 'REGISTER', more='Contact: <sip:%00@host5.example.com>\r\nContact: <sip:%00%00@host5.example.com>\r\n', frm='sip:null-%00-null@example.com;tag=839923423'),
        m('esc02', 'RE%47IST%45R', frm='"%Z%45" <sip:resource@example.com>;tag=f232jadfj23', more='Contact: <sip:alias1@host1.example.com>\r\n'),
        m('lwsdisp', 'OPTIONS', frm='caller<sip:caller@example.com>;tag=323'),
        m('longreq', body=sdp, tt='"I have a user name of ' + 'extreme ' * 40 + 'proportion" <sip:user@' + to + ':6000;unknownparam1=' + 'very' * 60 + 'longvalue>',
          frm='sip:' + 'amazinglylongcallername' * 20 + '@example.net;tag=12' + '9' * 500 + '424', cid='longreq.one' + 'really' * 80 + 'longcallid',
          more='Via: SIP/2.0/TCP sip33.example.com\r\nv: SIP/2.0/TCP sip32.example.com\r\n' * 30 + 'Contact: <sip:' + 'amazinglylongcallername' * 12 + '@host5.example.net>\r\n'),
        m('dblreq', 'REGISTER')[0:1] + (m('dblreq', 'REGISTER')[1] + m('dblreq2', body=sdp)[1],),
        m('semiuri', 'OPTIONS', uri=f'sip:user;par=u%40example.net@{to}'),
        m('transports', 'OPTIONS', more=''.join(f'Via: SIP/2.0/{t} t{i}.example.com;branch=z9hG4bK{i}\r\n' for i, t in enumerate(('SCTP', 'TLS', 'UNKNOWN', 'TCP')))),
        m('mpart01', 'MESSAGE', ctype='multipart/mixed;boundary=7a9cbec02ceef655', body='--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\n'
          'Content-Type: application/octet-stream\r\n\r\n' + ''.join(map(chr, range(256))) + '\r\n--7a9cbec02ceef655--\r\n'),
        ('unreason', ('SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nCall-ID: unreason.1234ksdfak3j2erwedfsASdf\r\nCSeq: 35 '
                      'INVITE\r\nFrom: sip:user@example.com;tag=11141343\r\nTo: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\n\r\n').encode()),
        ('noreason', b'SIP/2.0 100\r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\nCall-ID: noreason.asndj203insdf99223ndf\r\nCSeq: 35 INVITE\r\nFrom: <sip:u@example.com>;tag=39'
                     b'ansfi3\r\nTo: <sip:u@example.edu>;tag=902jndnke3\r\nContent-Length: 0\r\n\r\n'),
        # 3.1.2 invalid
        m('badinv01', body=sdp, more=';;,;,,\r\nVia: ;;,;,;,\r\nContact: "Joe" <sip:joe@example.org>;;;;\r\n'),
        m('clerr', body=sdp, length=9999),
        m('ncl', body=sdp, length=-999),
        m('scalar02', 'REGISTER', cseq='36893488147419103232 REGISTER', more='Max-Forwards: 300\r\nExpires: 10000000000000000000000000000000000000000\r\nContact: <sip:user@host129.example.com>;'
          'expires=280297596632815\r\n'),
        ('scalarlg', b'SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/TCP host129.example.com;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\r\nTo: <sip:user@example.com>\r\nFrom: <sip:o@example.net>'
                     b';tag=2easdjfejw\r\nCSeq: 9292394834772304023312 OPTIONS\r\nCall-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\r\nRetry-After: 949302838503028349304023988\r\nWarning: 1812 '
                     b'overture "In Progress"\r\nContent-Length: 0\r\n\r\n'),
        m('quotbal', body=sdp, tt='"Mr. J. User <sip:j.user@example.com>'),
        m('ltgtruri', uri=f'<sip:user@{to}>', body=sdp), m('lwsruri', uri=f'sip:user@{to}; lr', body=sdp), m('lwsstart', uri=f'  sip:user@{to}  ', body=sdp),
        ('trws', f'OPTIONS sip:remote-target@{to} SIP/2.0  \r\nVia: SIP/2.0/TCP host1.example.com;branch=z9hG4bK299342093\r\nTo: <sip:r@example.com>\r\nFrom: <sip:l@example.com>;tag=329429089\r\n'
                 'Call-ID: trws.oicu34958239neffasdhr2345r\r\nAccept: application/sdp\r\nCSeq: 238923 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n'.encode()),
        m('escruri', uri=f'sip:user@{to}?Route=%3Csip:example.com%3E', body=sdp), m('baddate', body=sdp, more='Date: Fri, 01 Jan 2010 16:00:00 EST\r\n'),
        m('regbadct', 'REGISTER', more='Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n'), m('badaspec', 'OPTIONS', tt='"Watson, Thomas" < sip:t.watson@example.org >'),
        m('baddn', 'OPTIONS', frm='Bell, Alexander <sip:a.g.bell@example.com>;tag=43'), ('badvers', m('badvers', 'OPTIONS')[1].replace(b' SIP/2.0\r\n', b' SIP/7.0\r\n', 1)),
        m('mismatch01', 'OPTIONS', cseq='8 INVITE'), m('mismatch02', 'NEWMETHOD', cseq='8 INVITE', body=sdp),
        ('bigcode', b'SIP/2.0 4294967301 better not break the receiver\r\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\r\nCall-ID: bigcode.asdof3uj203asdnf3429uasdhfas3ehjasdfas9i\r\nCSeq: '
                    b'353494 INVITE\r\nFrom: <sip:user@example.com>;tag=39ansfi3\r\nTo: <sip:user@example.edu>;tag=902jndnke3\r\nContent-Length: 0\r\n\r\n'),
        # 3.2, 3.3
        ('badbranch', m('badbranch', 'OPTIONS')[1].replace(b'branch=z9hG4bKbadbranch', b'branch=z9hG4bK')),
        m('insuf', head='CSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n', body=sdp),
        m('unkscm', 'OPTIONS', uri='nobodyKnowsThisScheme:totallyopaquecontent'), m('novelsc', 'OPTIONS', uri='soap.beep://192.0.2.103:3002'),
        m('unksm2', 'REGISTER', uri='sip:example.com', frm='<http://www.example.com>;tag=32', tt='isbn:2983792873'),
        m('bext01', 'OPTIONS', more='Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis\r\n'),
        m('invut', ctype='application/unknownformat', body='<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n'),
        m('regaut01', 'REGISTER', more='Authorization: NoOneKnowsThisScheme opaque-data=here\r\n'),
        m('multi01', body=sdp, more='CSeq: 59 INVITE\r\nCall-ID: multi01.98asdh@192.0.2.2\r\nMax-Forwards: 5\r\nFrom: sip:x@example.com;tag=3413415\r\nTo: sip:y@example.com\r\nContent-Length: 5\r\n'),
        m('mcl01', 'OPTIONS', more='Content-Length: 13\r\n', body='There were no', ctype='text/plain', length=5),
        ('bcast', b'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\nCall-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\r\n'
                  b'CSeq: 35 INVITE\r\nFrom: sip:user@example.com;tag=11141343\r\nTo: sip:user@example.edu;tag=2229\r\nContent-Length: 0\r\n\r\n'),
        ('zeromf', m('zeromf', 'OPTIONS')[1].replace(b'Max-Forwards: 70', b'Max-Forwards: 0')),
        m('cparam01', 'REGISTER', more='Contact: sip:+19725552222@gw1.example.net;unknownparam\r\n'), m('cparam02', 'REGISTER', more='Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\n'),
        m('regescrt', 'REGISTER', more='Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n'), m('sdp01', body='v=0\r\nm=audio\r\n', more='Accept: text/nobodyKnowsThis\r\n'),
        ('inv2543', f'INVITE sip:UserB@{to} SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\r\nRecord-Route: <sip:UserB@{to};maddr=ss1.example.com>\r\n'
                    f'To: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\nCSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\n{sdp}'.encode()),
    ]
    # Not of the RFC: descriptions that promise much.
    for i, bad in enumerate(('m=audio 0 RTP/AVP 8\r\n', 'm=audio 99999999999 RTP/AVP 8\r\n', 'm=audio 4000 RTP/AVP ' + '8 ' * 4000 + '\r\n', 'c=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 8\r\n',
                             'm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:' + 'A' * 5000 + '\r\n', 'm=audio 4000 RTP/SAVP 8\r\na=crypto:x y inline:\r\n',
                             'm=audio 4000 RTP/AVP 8\r\n' + 'a=rtpmap:101 telephone-event/0\r\n' * 300, 'm=audio 4000 RTP/AVP 8\r\na=ptime:' + '9' * 400 + '\r\n')):
        all_.append(m(f'sdp-{i}', body='v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n' + bad))
    return all_
