-- Bytes of mails that came again after they were filed: nobody took them away.
DELETE FROM raw_mail WHERE sha256 NOT IN (SELECT sha256 FROM intake WHERE state = 1);
